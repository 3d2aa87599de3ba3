//! The ways to sign in that the audit log records as the reason of a sign-in.

/// A way to sign in that is neither a password nor an access key: those need no reason in the log.
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
}
