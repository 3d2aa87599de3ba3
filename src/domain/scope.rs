//! Parts of what an account may do.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Makes [`Scope`] from one row for each scope: its word, for whom it is, and its title on the page.
macro_rules! scopes {
    ($($(#[$note:meta])* $name:ident = $word:literal, $role:ident, $title:literal;)*) => {
        /// A part of what an account may do. A key, and a session that was started with one, may do what its scopes
        /// name and its owner's role permits at that moment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Scope {
            $($(#[$note])* #[serde(rename = $word)] $name,)*
        }

        impl Scope {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The word in the database, in tokens and for programs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            /// Whether only the keys of administrators can use it.
            pub const fn is_for_administrators(self) -> bool {
                match self {
                    $(Self::$name => scopes!(@is $role),)*
                }
            }
        }
    };
    (@is everyone) => { false };
    (@is administrators) => { true };
}

scopes! {
    ProfileRead = "profile:read", everyone, "Read your profile and your activity";
    SessionsRead = "sessions:read", everyone, "List your sessions";
    SessionsEnd = "sessions:end", everyone, "End your sessions";
    UsersRead = "users:read", administrators, "List accounts and their sessions";
    UsersWrite = "users:write", administrators, "Create, change and delete accounts, and end their sessions";
    ActivityRead = "activity:read", administrators, "Read the audit log";
    TokensIntrospect = "tokens:introspect", administrators, "Check the access tokens of others";
}

/// A word that names no [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope")]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        let mut all = Self::ALL.iter().copied();
        all.find(|scope| scope.as_str() == word).ok_or(UnknownScope)
    }
}

/// A set of scopes. As text: words with a space between them, in the order of [`Scope::ALL`] (RFC 6749, 3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// Every scope.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    pub const fn none() -> Self {
        Self(0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u32 != 0
    }

    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        let all = Scope::ALL.iter().copied();
        all.filter(move |scope| self.contains(*scope))
    }

    /// Everything that a person in this role can do on the pages. It is for keys alone to check the tokens of others.
    pub fn of_person(administers: bool) -> Self {
        let scopes = Self::all().of_role(administers).iter();
        scopes
            .filter(|scope| *scope != Scope::TokensIntrospect)
            .collect()
    }

    /// Those that an account can use in this role.
    #[must_use]
    pub fn of_role(self, administers: bool) -> Self {
        self.iter()
            .filter(|scope| administers || !scope.is_for_administrators())
            .collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<T: IntoIterator<Item = Scope>>(scopes: T) -> Self {
        let bits = scopes.into_iter().map(|scope| 1 << scope as u32);
        Self(bits.fold(0, |all, bit| all | bit))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(words: &str) -> Result<Self, UnknownScope> {
        words
            .split_ascii_whitespace()
            .map(Scope::from_str)
            .collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_parses_from_its_word_alone() {
        for &scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        for unknown in ["", "profile", "Profile:read", "profile:read ", "*"] {
            assert_eq!(unknown.parse::<Scope>(), Err(UnknownScope), "{unknown}");
        }
    }

    #[test]
    fn scopes_are_a_set_with_one_spelling() {
        let scopes: Scopes = " sessions:end  profile:read sessions:end".parse().unwrap();
        assert_eq!(scopes.to_string(), "profile:read sessions:end");
        assert!(scopes.contains(Scope::SessionsEnd) && !scopes.contains(Scope::SessionsRead));
        assert!("profile:read users:erase".parse::<Scopes>().is_err());
        assert_eq!(Scopes::all().iter().count(), Scope::ALL.len());
    }

    #[test]
    fn a_role_takes_the_scopes_of_administrators_away() {
        let mine = Scopes::all().of_role(false);
        assert_eq!(mine.to_string(), "profile:read sessions:read sessions:end");
        assert_eq!(Scopes::all().of_role(true), Scopes::all());
        assert_eq!(Scopes::of_person(false), mine);
        let all = "profile:read sessions:read sessions:end users:read users:write activity:read";
        assert_eq!(Scopes::of_person(true).to_string(), all);
    }
}
