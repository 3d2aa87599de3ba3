//! The ways to sign in.

/// A way to sign in other than with a password or an access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInMethod {
    /// The link of an account that had no password, with which its owner has just chosen one.
    Invitation,
}

impl SignInMethod {
    pub const ALL: [Self; 1] = [Self::Invitation];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
        }
    }
}
