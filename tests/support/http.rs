//! A small HTTP/1.1 client: low-level enough to send any bytes, with helpers for readable tests.

mod browser;
mod connection;
mod events;

pub use browser::{Browser, Closing};
pub use connection::Connection;
pub use events::Events;

use std::{net::SocketAddr, time::Duration};

/// A server that is silent for this long has failed the test.
const TIMEOUT: Duration = Duration::from_secs(30);

pub const SESSION_COOKIE: &str = "__Host-Http-session";
pub const FLASH_COOKIE: &str = "__Host-Http-flash";
pub const DEVICE_COOKIE: &str = "__Host-Http-device";
pub const FORM: &str = "application/x-www-form-urlencoded";
/// The headers of browsers when a person opens a page or submits a form.
pub const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A request, built header by header.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A form, as browsers encode it.
    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        Self::post(target, encode_form(fields).as_bytes()).header("content-type", FORM)
    }

    pub fn post(target: &str, body: &[u8]) -> Self {
        Self {
            body: body.to_vec(),
            ..Self::new("POST", target)
        }
        .header("content-length", &body.len().to_string())
    }

    /// Adds a header; a name may be repeated.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_vec()));
        self
    }

    /// Adds a header if there is a value.
    pub fn maybe_header(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Adds a header unless it is present.
    pub fn or_header(self, name: &str, value: &str) -> Self {
        if self.has(name) {
            self
        } else {
            self.header(name, value)
        }
    }

    fn has(&self, wanted: &str) -> bool {
        self.headers.iter().any(|(name, _)| name == wanted)
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// `application/x-www-form-urlencoded`.
pub fn encode_form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// The answer of the server.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.header_all(wanted).into_iter().next()
    }

    pub fn header_all(&self, wanted: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text without the page's nonce, which differs in every answer.
    pub fn text_without_nonce(&self) -> String {
        let policy = self.header("content-security-policy").unwrap_or_default();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .and_then(|rest| rest.split('\'').next());
        let text = self.text();
        nonce.map_or(text.clone(), |nonce| text.replace(nonce, ""))
    }

    /// Whether the page contains a name. 22 random letters contain `ada` now and then, so its nonce is left out.
    pub fn names(&self, name: &str) -> bool {
        self.text_without_nonce().contains(name)
    }

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// The `Set-Cookie` lines for one name.
    pub fn set_cookies(&self, name: &str) -> Vec<&str> {
        let begins = format!("{name}=");
        let lines = self.header_all("set-cookie").into_iter();
        lines.filter(|line| line.starts_with(&begins)).collect()
    }

    /// The value of a new session, if the answer starts one.
    pub fn session_token(&self) -> Option<String> {
        let line = self.set_cookies(SESSION_COOKIE).into_iter().next()?;
        let value = line.split([';', '=']).nth(1).unwrap_or_default();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// Sends one request on a connection of its own. `Host` is this machine unless the request sets it.
pub async fn send(address: SocketAddr, request: Request) -> Answer {
    let request = request.or_header("host", &format!("localhost:{}", address.port()));
    let mut connection = Connection::open(address).await;
    connection.send(&request.to_bytes()).await;
    let answer = connection.answer_to(&request.method).await;
    answer.unwrap_or_else(|| panic!("no answer to {} {}", request.method, request.target))
}

pub fn credentials<'a>(username: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("username", username), ("password", password)]
}
