//! A request, composed header by header.

use crate::target::{Target, encode_form};
use http_body_util::Full;
use hyper::{body::Bytes, header::HOST};

pub const FORM: &str = "application/x-www-form-urlencoded";
/// What browsers send for a navigation.
pub const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// The name of the doctor in the list of sessions and in the audit log.
pub const USER_AGENT: &str = concat!("vestibule-doctor/", env!("CARGO_PKG_VERSION"));

/// A request, composed header by header.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// A proxy in front of the server may answer it in its own way.
    pub proxy_may_answer: bool,
    /// Over HTTP/2 instead of HTTP/1.1.
    pub is_http2: bool,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            proxy_may_answer: false,
            is_http2: false,
        }
    }

    pub fn get(path: &str) -> Self {
        Self::new("GET", path).header("accept", ACCEPT_PAGE)
    }

    /// A form, as a browser without script sends it.
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let request = Self::new("POST", path).body(encode_form(fields).into_bytes());
        request
            .header("accept", ACCEPT_PAGE)
            .header("content-type", FORM)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// A proxy may refuse it by itself, with headers of its own or by closing the connection. Only the refusal is
    /// checked.
    pub fn proxy_may_answer(mut self) -> Self {
        self.proxy_may_answer = true;
        self
    }

    pub fn over_http2(mut self) -> Self {
        self.is_http2 = true;
        self
    }

    pub fn has(&self, wanted: &str) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }

    pub fn into_hyper(
        self,
        target: &Target,
    ) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
        // HTTP/2 has a field of its own for the host, which hyper takes from the address.
        let uri = if self.is_http2 {
            format!("{}{}", target.origin(), self.path)
        } else {
            self.path.clone()
        };
        let mut request = hyper::Request::builder()
            .method(self.method.as_str())
            .uri(uri)
            .header("user-agent", USER_AGENT);
        if !self.is_http2 && !self.has(HOST.as_str()) {
            request = request.header(HOST, target.host());
        }
        for (name, value) in &self.headers {
            // Over HTTP/2 browsers send each cookie by itself (RFC 9113, 8.2.3); a proxy has to join them.
            if self.is_http2 && name == "cookie" {
                for pair in value.split("; ") {
                    request = request.header("cookie", pair);
                }
            } else {
                request = request.header(name, value);
            }
        }
        request.body(Full::from(self.body))
    }
}
