//! The ways to sign in that are recorded with a session, and in the audit log as the reason of a sign-in.

/// A way to sign in that is neither a password nor an access key: those need no record of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedMethod {
    /// The link of an account that had no password, with which its owner has just chosen one.
    Invitation,
}

impl RecordedMethod {
    pub const ALL: [Self; 1] = [Self::Invitation];

    /// The word in the database and for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}
