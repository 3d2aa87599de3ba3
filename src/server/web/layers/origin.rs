//! Whose request it is: the public address, the Host check and the cross-site check.

use crate::{error::AppError, server::web::cookies};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use url::{Host, Url};

/// The scheme, host and port under which people reach the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
}

impl PublicUrl {
    /// Reads `https://host` or, for this machine only, `http://localhost`.
    ///
    /// # Errors
    /// A sentence that says what is wrong: a path, user or query; plain http for another name than
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

    /// The address of a server that has none configured: this machine, on the port it listens on.
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

    /// As browsers write it in `Origin`: the default port is left out.
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

/// Marks a request that brings a session's cookie without `Origin` and fetch metadata. It needs other proof
/// that it comes from our own pages; see [`is_silent`].
#[derive(Clone, Copy, Debug)]
pub struct FromAnywhere;

/// Whether a request brings a session's cookie without `Origin` and fetch metadata, as behind a filter that
/// removes them.
pub fn is_silent(headers: &HeaderMap) -> bool {
    !headers.contains_key("sec-fetch-site")
        && !headers.contains_key(header::ORIGIN)
        && cookies::session::brings_session(headers)
}

/// The hosts and origins for which this server answers, from the configuration alone: nothing a
/// request says about itself is believed (CVE-2025-24358, CVE-2025-47909).
#[derive(Clone, Debug)]
pub struct Site {
    pub public_url: PublicUrl,
    hosts: Vec<String>,
    origins: Vec<String>,
}

impl Site {
    /// `configured`, or else this machine under its three names.
    pub fn new(configured: Option<PublicUrl>, port: u16) -> Self {
        let own = match &configured {
            Some(url) => vec![url.clone()],
            None => ["localhost", "127.0.0.1", "[::1]"]
                .into_iter()
                .filter_map(|name| PublicUrl::parse(&format!("http://{name}:{port}")).ok())
                .collect(),
        };
        Self {
            hosts: own.iter().flat_map(hosts_of).collect(),
            origins: own.iter().map(PublicUrl::origin).collect(),
            public_url: configured.unwrap_or_else(|| PublicUrl::of_this_machine(port)),
        }
    }

    /// Whether the `Host` header names this site. Exactly one must be there; case does not matter,
    /// everything else does (a trailing dot is another name, CVE-2026-48794).
    pub fn answers_for(&self, headers: &HeaderMap) -> bool {
        single(headers, header::HOST).is_some_and(|host| self.is_called(host))
    }

    /// The same of a request. Where its target names a host, as it does on the way to a proxy, that one
    /// would count and not the header (RFC 9112, 3.2.2). Servers and caches disagree on it, so both have
    /// to be ours.
    pub fn answers(&self, target: &Uri, headers: &HeaderMap) -> bool {
        let named = target.authority();
        let is_ours = named.is_none_or(|named| self.is_called(named.as_str().as_bytes()));
        is_ours && self.answers_for(headers)
    }

    pub fn is_called(&self, host: &[u8]) -> bool {
        self.hosts
            .iter()
            .any(|own| own.as_bytes().eq_ignore_ascii_case(host))
    }

    /// Demands that a request that may change something comes from our own pages (ASVS V3.5.1).
    ///
    /// `Sec-Fetch-Site` decides where the browser sends it; scripts cannot forge it. What comes from no page at all
    /// (`none`) has no foreign `Origin`. Older browsers send `Origin` alone, which must be ours to the letter: `null` is another site (CVE-2026-27978).
    /// A client that sends neither is no browser, or behind a filter; it passes only without a session
    /// cookie, so that nothing can be done in anybody's name. Functions that need no session decide
    /// that later, by whether the session lives (ADR 38).
    ///
    /// # Errors
    /// [`AppError::CrossSite`], which is logged.
    pub fn demand_own_request(&self, method: &Method, headers: &HeaderMap) -> Result<(), AppError> {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let said = self.comes_from_us(headers);
        demand_own(said.unwrap_or_else(|| !cookies::session::brings_session(headers)))
    }

    /// Demands that a request that only reads, and that no link of another site has to reach, comes from
    /// our own pages or from no page at all. Browsers that say nothing do not send the cookie from
    /// elsewhere.
    ///
    /// # Errors
    /// [`AppError::CrossSite`], which is logged.
    pub fn demand_own_reader(&self, headers: &HeaderMap) -> Result<(), AppError> {
        demand_own(self.comes_from_us(headers).unwrap_or(true))
    }

    /// What the browser says about it; `None` where it says nothing.
    fn comes_from_us(&self, headers: &HeaderMap) -> Option<bool> {
        let has_own_origin = headers.contains_key(header::ORIGIN).then(|| {
            single(headers, header::ORIGIN)
                .is_some_and(|origin| self.origins.iter().any(|own| own.as_bytes() == origin))
        });
        if headers.contains_key("sec-fetch-site") {
            return Some(match single(headers, "sec-fetch-site") {
                Some(b"same-origin") => true,
                Some(b"none") => has_own_origin.unwrap_or(true),
                _ => false,
            });
        }
        has_own_origin
    }
}

/// Refuses what does not come from our own pages.
///
/// # Errors
/// [`AppError::CrossSite`], which is logged.
pub fn demand_own(is_own: bool) -> Result<(), AppError> {
    if is_own {
        return Ok(());
    }
    tracing::warn!("a request from another site was refused");
    Err(AppError::CrossSite)
}

/// `host` and, where the port is the scheme's own, `host:port` as well: clients write both.
fn hosts_of(own: &PublicUrl) -> Vec<String> {
    let host = own.host();
    match (own.url.port(), own.url.port_or_known_default()) {
        (Some(port), _) => vec![format!("{host}:{port}")],
        (None, Some(port)) => vec![host.to_owned(), format!("{host}:{port}")],
        (None, None) => vec![host.to_owned()],
    }
}

/// The value of a header that stands exactly once.
fn single(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests;
