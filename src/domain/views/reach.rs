//! How requests reach the server, for administrators.

use serde::{Deserialize, Serialize};

/// How the request came to this server, for whoever sets up the proxy in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachView {
    pub address: String,
    pub peer: String,
    /// What the proxy reports; printable and short.
    pub scheme: Option<String>,
    pub host: Option<String>,
    pub forwarded: String,
    /// What looks wrong, and how to mend it.
    pub findings: Vec<Finding>,
}

/// Something that looks wrong with the way of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub about: FindingAbout,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingAbout {
    Address,
    Scheme,
    Host,
}

impl FindingAbout {
    /// The word in `data-finding`, by which `vestibule doctor` knows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Scheme => "scheme",
            Self::Host => "host",
        }
    }
}
