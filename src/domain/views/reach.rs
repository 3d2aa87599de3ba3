//! How requests reach the server, for administrators.

use serde::{Deserialize, Serialize};

/// How the request came to this server, for the administrator of the proxy in front of it.
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
    /// The word in `data-finding`, by which `vestibule doctor` knows what it is about: `address`, `scheme` or `host`.
    pub about: String,
    pub text: String,
}
