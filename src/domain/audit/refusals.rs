//! Why something was refused, as the log keeps it.

/// Why a password was refused. It is for the log only: the client gets the same answer for all reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// The submitted name is not kept: users sometimes type a password there.
    UnknownUser,
    WrongPassword,
    UserDisabled,
    /// Longer than any password may be, so no account was looked up.
    PasswordTooLong,
}

impl SignInRefusal {
    pub const ALL: [Self; 4] = [
        Self::UnknownUser,
        Self::WrongPassword,
        Self::UserDisabled,
        Self::PasswordTooLong,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
            Self::UserDisabled => "user_disabled",
            Self::PasswordTooLong => "password_too_long",
        }
    }
}

/// Why a key was refused. It is for the log only: the client gets the same answer for all reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKeyProblem {
    /// No key has this id, or it has another secret.
    Unknown,
    Revoked,
    Expired,
    Suspended,
    /// The client's address is in none of its networks.
    Network,
    UserDisabled,
}

impl AccessKeyProblem {
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Revoked,
        Self::Expired,
        Self::Suspended,
        Self::Network,
        Self::UserDisabled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Network => "network",
            Self::UserDisabled => "user_disabled",
        }
    }
}
