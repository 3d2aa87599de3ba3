//! What a credential may do on the JSON API. To be replaced by `domain::access_key`, which has the same shape.

/// A right that keys and tokens are given by name. A session has all those of its account's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    ProfileRead,
    SessionsRead,
    SessionsEnd,
    UsersRead,
    UsersWrite,
    ActivityRead,
    TokensIntrospect,
}

impl Scope {
    pub const ALL: [Self; 7] = [
        Self::ProfileRead,
        Self::SessionsRead,
        Self::SessionsEnd,
        Self::UsersRead,
        Self::UsersWrite,
        Self::ActivityRead,
        Self::TokensIntrospect,
    ];

    /// The word in requests, answers and the document of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProfileRead => "profile:read",
            Self::SessionsRead => "sessions:read",
            Self::SessionsEnd => "sessions:end",
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::ActivityRead => "activity:read",
            Self::TokensIntrospect => "tokens:introspect",
        }
    }

    /// Whether it concerns other people's accounts. For callers who are no administrators such an operation does not
    /// exist.
    pub const fn is_for_administrators(self) -> bool {
        matches!(
            self,
            Self::UsersRead | Self::UsersWrite | Self::ActivityRead
        )
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}
