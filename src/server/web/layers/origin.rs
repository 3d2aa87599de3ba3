//! The origin of requests: the public address, the Host check and the cross-site check.

use crate::{
    error::{AppError, Failure},
    server::{
        public_url::PublicUrl,
        web::{cookies, layers::bearer},
    },
};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};

/// Marks a request that has a session cookie but neither `Origin` nor fetch metadata. It needs other proof that it
/// comes from our own pages; see [`has_session_without_origin`].
#[derive(Clone, Copy, Debug)]
pub struct UnknownOrigin;

/// Whether a request has a session cookie but neither `Origin` nor fetch metadata, as behind a filter that removes
/// them.
pub fn has_session_without_origin(headers: &HeaderMap) -> bool {
    !headers.contains_key("sec-fetch-site")
        && !headers.contains_key(header::ORIGIN)
        && cookies::session::has_session_cookie(headers)
}

/// The hosts and origins of this server, from the configuration alone: no request is trusted about them
/// (CVE-2025-24358, CVE-2025-47909).
#[derive(Clone, Debug)]
pub struct Site {
    pub public_url: PublicUrl,
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Other origins whose scripts may use the JSON API.
    allowed_origins: Vec<String>,
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
            hosts: own.iter().flat_map(PublicUrl::hosts).collect(),
            origins: own.iter().map(PublicUrl::origin).collect(),
            allowed_origins: Vec::new(),
            public_url: configured.unwrap_or_else(|| PublicUrl::of_this_machine(port)),
        }
    }

    /// The same site with these origins, whose scripts may use the JSON API.
    pub fn with_allowed_origins(self, origins: &[String]) -> Self {
        Self {
            allowed_origins: origins.to_vec(),
            ..self
        }
    }

    /// Whether the `Host` header names this site. There must be exactly one. Case does not matter,
    /// everything else does (a trailing dot is another name, CVE-2026-48794).
    pub fn answers_for(&self, headers: &HeaderMap) -> bool {
        single(headers, header::HOST).is_some_and(|host| self.has_host(host))
    }

    /// The same for a request. If its target contains a host, as in requests to a proxy, that one has precedence over
    /// the header (RFC 9112, 3.2.2). Servers and caches disagree on it, so both have to be ours.
    pub fn answers(&self, target: &Uri, headers: &HeaderMap) -> bool {
        let named = target.authority();
        let is_ours = named.is_none_or(|named| self.has_host(named.as_str().as_bytes()));
        is_ours && self.answers_for(headers)
    }

    pub fn has_host(&self, host: &[u8]) -> bool {
        self.hosts
            .iter()
            .any(|own| own.as_bytes().eq_ignore_ascii_case(host))
    }

    /// Demands that a request that may change something comes from our own pages (ASVS V3.5.1).
    ///
    /// `Sec-Fetch-Site` decides if the browser sends it; scripts cannot forge it. A request from no page at all
    /// (`none`) has no foreign `Origin`. Older browsers send `Origin` alone, which must match exactly: `null` is
    /// another site (CVE-2026-27978). A client that sends neither is no browser, or behind a filter. It passes only
    /// without a session cookie, so that it cannot act as a user. Functions that need no session decide that
    /// later, by whether the session lives (ADR 38).
    ///
    /// # Errors
    /// [`Failure::CrossSite`], which is logged.
    pub fn demand_own_request(&self, method: &Method, headers: &HeaderMap) -> Result<(), AppError> {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let is_own = self.is_from_own_page(headers);
        demand_own(is_own.unwrap_or_else(|| !cookies::session::has_session_cookie(headers)))
    }

    /// The same for the JSON API, where the origins that the configuration names are as good as our own.
    ///
    /// A bearer credential needs no check: no browser attaches it by itself, and beside it the cookie is not read.
    ///
    /// # Errors
    /// [`Failure::CrossSite`], which is logged.
    pub fn demand_own_api_request(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<(), AppError> {
        if bearer::is_present(headers) || self.is_from_allowed_page(headers) {
            return Ok(());
        }
        self.demand_own_request(method, headers)
    }

    /// Scripts cannot forge `Origin`, and `Sec-Fetch-Site` is never `same-origin` here.
    fn is_from_allowed_page(&self, headers: &HeaderMap) -> bool {
        let origin = single(headers, header::ORIGIN);
        origin.is_some_and(|origin| {
            let mut allowed = self.allowed_origins.iter();
            allowed.any(|allowed| allowed.as_bytes() == origin)
        })
    }

    /// Demands that a request that only reads comes from our own pages or from no page at all. It is for targets that
    /// links of other sites need not reach. Browsers that send neither header do not send the cookie with cross-site
    /// requests.
    ///
    /// # Errors
    /// [`Failure::CrossSite`], which is logged.
    pub fn demand_own_reader(&self, headers: &HeaderMap) -> Result<(), AppError> {
        demand_own(self.is_from_own_page(headers).unwrap_or(true))
    }

    /// The same for the JSON API, where the origins that the configuration names are as good as our own. It is for reads
    /// that a foreign page must not even cause, such as a stream that takes a slot of its session.
    ///
    /// # Errors
    /// [`Failure::CrossSite`], which is logged.
    pub fn demand_own_api_reader(&self, headers: &HeaderMap) -> Result<(), AppError> {
        if self.is_from_allowed_page(headers) {
            return Ok(());
        }
        self.demand_own_reader(headers)
    }

    /// Whether the request is from our pages according to the browser; `None` if it sends neither header.
    fn is_from_own_page(&self, headers: &HeaderMap) -> Option<bool> {
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

/// Refuses a request from elsewhere than our own pages.
///
/// # Errors
/// [`Failure::CrossSite`], which is logged.
pub fn demand_own(is_own: bool) -> Result<(), AppError> {
    if is_own {
        return Ok(());
    }
    tracing::warn!("a request from another site was refused");
    Err(Failure::CrossSite.into())
}

/// The value of a header that occurs exactly once.
fn single(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&[u8]> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests;
