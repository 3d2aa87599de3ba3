//! The public address of the server.

use url::{Host, Url};

/// The scheme, host and port under which clients reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
}

impl PublicUrl {
    /// Parses `https://host` or, for this machine only, `http://localhost`.
    ///
    /// # Errors
    /// A sentence that describes what is wrong: a path, user or query; plain http for another name than
    /// this machine's, on which browsers would drop the `Secure` cookie (ASVS V12.2.1).
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|_| "must be an address such as https://sign-in.example.org".to_owned())?;
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        match url.scheme() {
            _ if !bare => Err("must have nothing behind the host and port".to_owned()),
            "https" => Ok(Self { url }),
            "http" if is_this_machine(&url) => Ok(Self { url }),
            "http" => Err(
                "must be https: on plain http the password would travel in the open, \
                 and browsers drop the session cookie"
                    .to_owned(),
            ),
            _ => Err("must begin with https://".to_owned()),
        }
    }

    /// The address of a server without a configured one: this machine, with the port of its listener.
    ///
    /// # Panics
    /// Never: the text is an address.
    pub fn of_this_machine(port: u16) -> Self {
        Self {
            url: Url::parse(&format!("http://localhost:{port}")).expect("a valid address"),
        }
    }

    pub fn into_url(self) -> Url {
        self.url
    }

    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    pub fn is_https(&self) -> bool {
        self.scheme() == "https"
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// `host`, and for the default port of the scheme also `host:port`: clients send both.
    pub fn hosts(&self) -> Vec<String> {
        let host = self.host();
        match (self.url.port(), self.url.port_or_known_default()) {
            (Some(port), _) => vec![format!("{host}:{port}")],
            (None, Some(port)) => vec![host.to_owned(), format!("{host}:{port}")],
            (None, None) => vec![host.to_owned()],
        }
    }

    /// In the form of the `Origin` header: without the default port.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
