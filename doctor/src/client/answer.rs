//! An answer to a request.

/// An answer to a request.
#[derive(Default)]
pub struct Answer {
    pub method: String,
    pub path: String,
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The raw body: digests are computed from it.
    pub bytes: Vec<u8>,
    /// The request had Authorization.
    pub sent_bearer: bool,
    /// A proxy may have given it by itself.
    pub may_be_from_proxy: bool,
    /// Whether the address is that of a script outside of `/pkg/`.
    pub is_plain_script: bool,
}

impl Answer {
    pub fn all(&self, wanted: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that occurs exactly once.
    pub fn only(&self, wanted: &str) -> Option<&str> {
        match self.all(wanted)[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    pub fn location(&self) -> &str {
        self.all("location").first().copied().unwrap_or_default()
    }

    /// For findings: the request and its status.
    pub fn describe(&self) -> String {
        let location = match self.location() {
            "" => String::new(),
            location => format!(" to {location}"),
        };
        format!(
            "{} {} was answered with {}{location}",
            self.method, self.path, self.status
        )
    }

    /// A document: a page, or the page of a failure.
    pub fn is_document(&self) -> bool {
        let kind = self.all("content-type").first().copied();
        self.method != "HEAD" && kind.is_some_and(|kind| kind.starts_with("text/html"))
    }

    pub fn is_page(&self) -> bool {
        self.status == 200 && self.method == "GET" && self.is_document()
    }

    pub fn is_file(&self) -> bool {
        matches!(self.status, 200 | 206 | 304)
            && (self.path.starts_with("/pkg/")
                || self.path.starts_with("/favicon")
                || self.is_plain_script)
    }

    /// A document that is the same for everybody, and may be kept: the public keys and the metadata of the server.
    pub fn is_public_document(&self) -> bool {
        self.status == 200 && self.path.starts_with("/.well-known/")
    }

    /// The documented answer of a server that issues no access tokens.
    pub fn refuses_tokens(&self) -> bool {
        self.status == 503 && self.body.contains("\"code\":\"no_tokens\"")
    }

    /// A failure of something in front of the server: the server's own failures carry an id.
    pub fn is_proxy_failure(&self) -> bool {
        self.status >= 500 && self.only("x-request-id").is_none_or(|id| id.len() != 32)
    }
}
