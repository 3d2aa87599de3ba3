//! How requests reach the server, for administrators.

/// How the request came to this server, for the administrator of the proxy in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyDiagnosis {
    pub address: String,
    pub peer: String,
    /// The proxy's report; printable and short.
    pub scheme: Option<String>,
    pub host: Option<String>,
    pub forwarded: String,
    /// Problems, with their remedies.
    pub findings: Vec<Finding>,
}

/// A problem with how a request reaches the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value of `data-finding`, by which `vestibule doctor` identifies the subject: `address`, `scheme` or `host`.
    pub about: String,
    pub text: String,
}
