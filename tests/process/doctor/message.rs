//! Messages that pass through the tampering proxy, and can be changed.

use crate::support::http::{Answer, SESSION_COOKIE};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A request in transit.
#[derive(Clone, Debug, Default)]
pub struct Inbound {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub is_http2: bool,
}

impl Inbound {
    pub fn header(&self, wanted: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub fn remove(&mut self, wanted: &str) {
        self.headers.retain(|(name, _)| name != wanted);
    }

    pub fn is(&self, method: &str, target: &str) -> bool {
        self.method == method && self.target == target
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its session token.
    pub fn token(&self) -> Option<&str> {
        let cookie = self.header("cookie")?;
        let name = format!("{SESSION_COOKIE}=");
        cookie.split("; ").find_map(|pair| pair.strip_prefix(&name))
    }

    /// Its access token or access key.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    pub fn replace_bearer(&mut self, own: &str, other: &str) {
        for (name, value) in &mut self.headers {
            if name == "authorization" {
                *value = value.replace(own, other);
            }
        }
    }

    pub fn replace_token(&mut self, token: &str) {
        if let (Some(own), Some(cookie)) = (self.token(), self.header("cookie")) {
            let cookie = cookie.replace(own, token);
            self.set("cookie", &cookie);
        }
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        [head.as_bytes(), b"\r\n", self.body.as_slice()].concat()
    }
}

/// The changes of an answer that breaks use.
pub trait Tamper {
    fn set(&mut self, name: &str, value: &str);
    fn add(&mut self, name: &str, value: &str);
    fn remove(&mut self, name: &str);
    fn replace(&mut self, name: &str, before: &str, after: &str);
    fn replace_body(&mut self, before: &str, after: &str);
    /// Changes the lines that start a session.
    fn change_session(&mut self, change: impl Fn(&str) -> String);
    /// As a page or a text of another server.
    fn become_text(&mut self, status: u16, text: &str);
    fn is_page(&self) -> bool;
}

impl Tamper for Answer {
    fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value);
    }

    fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn remove(&mut self, name: &str) {
        self.headers.retain(|(own, _)| own != name);
    }

    fn replace(&mut self, name: &str, before: &str, after: &str) {
        for (own, value) in &mut self.headers {
            if own == name {
                *value = value.replace(before, after);
            }
        }
    }

    fn replace_body(&mut self, before: &str, after: &str) {
        self.body = self.text().replace(before, after).into_bytes();
    }

    fn change_session(&mut self, change: impl Fn(&str) -> String) {
        for (name, value) in &mut self.headers {
            let begins = value.starts_with(SESSION_COOKIE) && !value.contains("Max-Age=0");
            if name == "set-cookie" && begins {
                *value = change(value);
            }
        }
    }

    fn become_text(&mut self, status: u16, text: &str) {
        self.status = status;
        self.remove("location");
        self.set("content-type", "text/plain; charset=utf-8");
        self.body = text.as_bytes().to_vec();
    }

    fn is_page(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        self.status == 200 && kind.starts_with("text/html")
    }
}

/// The next request on a connection.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Inbound> {
    let mut bytes = Vec::new();
    let end = loop {
        let found = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = found {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        // No other whitespace: a proxy that trims more would let a sub-domain forge a cookie.
        (
            name.to_ascii_lowercase(),
            value.trim_matches([' ', '\t']).to_owned(),
        )
    });
    let mut inbound = Inbound {
        method,
        target,
        headers: headers.collect(),
        body: bytes.split_off(end + 4),
        is_http2: false,
    };
    let length = inbound
        .header("content-length")
        .unwrap_or("0")
        .parse()
        .ok()?;
    while inbound.body.len() < length {
        if stream.read_buf(&mut inbound.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(inbound)
}

/// As it is forwarded over HTTP/1.1: with a `Host`, and one `Cookie`.
pub async fn from_http2(request: Request<Incoming>) -> Inbound {
    let (parts, body) = request.into_parts();
    let all = parts.headers.iter();
    let all = all.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let (cookies, mut headers): (Vec<_>, Vec<_>) = all.partition(|(name, _)| name == "cookie");
    let cookies: Vec<_> = cookies.into_iter().map(|(_, value)| value).collect();
    if !cookies.is_empty() {
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    let host = parts.uri.authority().unwrap().to_string();
    headers.push(("host".to_owned(), host));
    Inbound {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().unwrap().to_string(),
        headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
        is_http2: true,
    }
}

pub fn to_http2(answer: Answer) -> Response<Full<Bytes>> {
    let framing = ["connection", "content-length", "transfer-encoding"];
    let headers = answer.headers.iter();
    let headers = headers.filter(|(name, _)| !framing.contains(&name.as_str()));
    let response = Response::builder().status(answer.status);
    let response = headers.fold(response, |response, (name, value)| {
        response.header(name, value)
    });
    response.body(Full::from(answer.body)).unwrap()
}

pub fn to_bytes(answer: &Answer, method: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Status\r\n", answer.status);
    let framing = ["connection", "content-length", "transfer-encoding"];
    for (name, value) in &answer.headers {
        if !framing.contains(&name.as_str()) {
            head += &format!("{name}: {value}\r\n");
        }
    }
    if method != "HEAD" {
        head += &format!("content-length: {}\r\n", answer.body.len());
    }
    [head.as_bytes(), b"\r\n", answer.body.as_slice()].concat()
}
