//! A small HTTP/1.1 client: raw enough to send odd bytes, friendly enough to read like a story.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A server that is silent for this long has failed the test.
const PATIENCE: Duration = Duration::from_secs(30);

pub const SESSION_COOKIE: &str = "__Host-Http-session";
pub const FLASH_COOKIE: &str = "__Host-Http-flash";
pub const DEVICE_COOKIE: &str = "__Host-Http-device";
pub const FORM: &str = "application/x-www-form-urlencoded";
/// What browsers send when a person opens a page or submits a form.
pub const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// One TCP connection, for any bytes at all.
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends bytes; `false` where the server has hung up, as it may on an attacker.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(PATIENCE, self.stream.write_all(bytes))
            .await
            .expect("the server reads in time")
            .is_ok()
    }

    /// The next answer; `None` where the server hangs up without one.
    pub async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET").await
    }

    /// The next answer, to a request with `method`: answers to HEAD have no body.
    pub async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let head = self.head().await?;
        self.with_body(head, method).await
    }

    /// The head of the next answer.
    async fn head(&mut self) -> Option<Answer> {
        let head = self.read_through(b"\r\n\r\n").await?;
        let (status, headers) = parse_head(&head);
        Some(Answer {
            status,
            headers,
            body: Vec::new(),
        })
    }

    async fn with_body(&mut self, mut answer: Answer, method: &str) -> Option<Answer> {
        let status = answer.status;
        if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Some(answer);
        }
        answer.body = match (
            answer.header("transfer-encoding"),
            answer.header("content-length"),
        ) {
            (Some("chunked"), _) => self.read_chunks().await?,
            (_, Some(length)) => {
                let length = length.parse().expect("a length is a number");
                self.read_exactly(length).await?
            }
            _ => self.read_to_end().await,
        };
        Some(answer)
    }

    /// Says that nothing more will be sent.
    pub async fn finish(&mut self) {
        // A server that has hung up already needs no farewell.
        let _ = self.stream.shutdown().await;
    }

    /// Breaks off, as a machine does that is switched off in the middle.
    pub fn reset(self) {
        let at_once = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.stream, at_once).expect("a socket option");
    }

    async fn read_more(&mut self) -> bool {
        let mut block = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut block))
            .await
            .expect("the server answers in time")
            .unwrap_or(0);
        self.unread.extend_from_slice(&block[..read]);
        read > 0
    }

    async fn read_through(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self
                .unread
                .windows(end.len())
                .position(|window| window == end);
            if let Some(start) = found {
                return Some(self.unread.drain(..start + end.len()).collect());
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    async fn read_exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            if !self.read_more().await {
                return None;
            }
        }
        Some(self.unread.drain(..length).collect())
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let (chunk, is_last) = self.read_chunk().await?;
            body.extend(chunk);
            if is_last {
                return Some(body);
            }
        }
    }

    /// The next chunk of a body, and whether it is the last: an empty one.
    async fn read_chunk(&mut self) -> Option<(Vec<u8>, bool)> {
        let line = self.read_through(b"\r\n").await?;
        let size = String::from_utf8_lossy(&line);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).expect("a chunk's size is a number");
        let mut chunk = self.read_exactly(size + 2).await?;
        chunk.truncate(size);
        Some((chunk, size == 0))
    }

    async fn read_to_end(&mut self) -> Vec<u8> {
        while self.read_more().await {}
        std::mem::take(&mut self.unread)
    }
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    Fin,
    Reset,
}

/// An answer that goes on: events, read as they come.
pub struct Events {
    connection: Connection,
    /// Without a body where there is a stream behind it.
    pub answer: Answer,
    /// Whether the stream ended in the middle, as where the server was killed.
    pub broke_off: bool,
    unread: String,
}

impl Events {
    /// The next event: its name and its data. `None` where the stream has ended.
    pub async fn next(&mut self) -> Option<(String, serde_json::Value)> {
        // What keeps the line alive is no answer.
        let event = timeout(PATIENCE, self.next_some_time()).await;
        event.expect("an event in time")
    }

    async fn next_some_time(&mut self) -> Option<(String, serde_json::Value)> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.unread = rest;
                if let Some(event) = parse_event(&event).filter(|(name, _)| name != "alive") {
                    return Some(event);
                }
            } else {
                let chunk = self.connection.read_chunk().await;
                self.broke_off = chunk.is_none();
                let (chunk, is_last) = chunk?;
                self.unread += std::str::from_utf8(&chunk).expect("UTF-8");
                if is_last {
                    return None;
                }
            }
        }
    }

    /// All that is left, where it is a file. Whether it was whole is told by [`Self::broke_off`].
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        while let Some((chunk, is_last)) = self.connection.read_chunk().await {
            rest.extend(chunk);
            if is_last {
                return rest;
            }
        }
        self.broke_off = true;
        rest
    }

    /// The next event, which has to be that of an end. Behind it nothing comes.
    pub async fn ended(&mut self) -> serde_json::Value {
        let (name, data) = self.next().await.expect("a last event");
        assert_eq!(name, "ended", "{data}");
        assert_eq!((self.next().await, self.broke_off), (None, false));
        data["reason"].clone()
    }

    /// The next event, which has to say that the session lives.
    pub async fn lives(&mut self) -> serde_json::Value {
        let (name, data) = self.next().await.expect("an event");
        assert_eq!(name, "session", "{data}");
        data
    }
}

/// `None` for a comment.
fn parse_event(text: &str) -> Option<(String, serde_json::Value)> {
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(field, _)| *field == name)
            .map(|(_, value)| value)
    };
    let data = serde_json::from_str(field("data")?).expect("JSON");
    Some((field("event").expect("a name").to_owned(), data))
}

fn parse_head(head: &[u8]) -> (u16, Vec<(String, String)>) {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .expect("a status line");
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').expect("a header line");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    (status, headers.collect())
}

/// A request, to be written down header by header.
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

    /// Adds a header; the same name may stand twice.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.header_bytes(name, value.as_bytes())
    }

    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_vec()));
        self
    }

    /// Adds a header, where there is a value.
    pub fn maybe_header(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// Adds a header unless it is there.
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

/// What the server said.
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

    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }

    /// The `Set-Cookie` lines for one name.
    pub fn set_cookies(&self, name: &str) -> Vec<&str> {
        let begins = format!("{name}=");
        let lines = self.header_all("set-cookie").into_iter();
        lines.filter(|line| line.starts_with(&begins)).collect()
    }

    /// The value of a new session, where the answer starts one.
    pub fn session_token(&self) -> Option<String> {
        let line = self.set_cookies(SESSION_COOKIE).into_iter().next()?;
        let value = line.split([';', '=']).nth(1).unwrap_or_default();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// Sends one request on a connection of its own. `Host` is this machine unless the request says so.
pub async fn send(address: SocketAddr, request: Request) -> Answer {
    let request = request.or_header("host", &format!("localhost:{}", address.port()));
    let mut connection = Connection::open(address).await;
    connection.send(&request.to_bytes()).await;
    let answer = connection.answer_to(&request.method).await;
    answer.unwrap_or_else(|| panic!("no answer to {} {}", request.method, request.target))
}

/// A browser: it keeps cookies and says where its requests come from.
#[derive(Clone, Debug)]
pub struct Browser {
    address: SocketAddr,
    origin: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            origin: format!("http://localhost:{}", address.port()),
            cookies: BTreeMap::new(),
        }
    }

    /// A browser that shows another origin, for servers with a public address.
    pub fn at(address: SocketAddr, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..Self::new(address)
        }
    }

    /// Opens a page.
    pub async fn get(&mut self, target: &str) -> Answer {
        self.send(Request::get(target).header("accept", ACCEPT_PAGE))
            .await
    }

    /// Opens a page and goes wherever it leads.
    pub async fn follow(&mut self, target: &str) -> Answer {
        let mut answer = self.get(target).await;
        for _ in 0..10 {
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return answer;
            }
            let location = answer.location().to_owned();
            answer = self.get(&location).await;
        }
        panic!("{target} leads round in a circle");
    }

    /// Submits a form without any script.
    pub async fn post_form(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Request::form(target, fields).header("accept", ACCEPT_PAGE))
            .await
    }

    /// Submits a form as the page's script does.
    pub async fn fetch_form(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Request::form(target, fields).header("accept", "application/json"))
            .await
    }

    /// Watches its session, as an open page does.
    pub async fn watch(&self) -> Events {
        self.listen("/session/events").await
    }

    /// Sends the whole of a form and closes the connection without waiting for anything: like a window that
    /// is closed, or like a machine that is switched off.
    pub async fn post_and_close(&self, target: &str, fields: &[(&str, &str)], farewell: Farewell) {
        let at_once = Duration::ZERO;
        self.post_and_close_after(at_once, target, fields, farewell)
            .await;
    }

    /// The same, some time after the request was sent.
    pub async fn post_and_close_after(
        &self,
        wait: Duration,
        target: &str,
        fields: &[(&str, &str)],
        farewell: Farewell,
    ) {
        let request = match fields {
            [] => Request::new("POST", target).header("content-length", "0"),
            fields => Request::form(target, fields),
        };
        let request = self.as_from_here(request.header("accept", ACCEPT_PAGE));
        let mut connection = Connection::open(self.address).await;
        assert!(connection.send(&request.to_bytes()).await);
        tokio::time::sleep(wait).await;
        match farewell {
            Farewell::Fin => drop(connection),
            Farewell::Reset => connection.reset(),
        }
    }

    /// Asks for what goes on for longer than an answer does.
    pub async fn listen(&self, target: &str) -> Events {
        let request = Request::get(target).header("accept", "text/event-stream");
        let request = self.as_from_here(request);
        let mut connection = Connection::open(self.address).await;
        connection.send(&request.to_bytes()).await;
        let mut answer = connection.head().await.expect("an answer");
        if answer.status != 200 {
            let whole = connection.with_body(answer, "GET").await;
            answer = whole.expect("the rest of an answer");
        }
        Events {
            connection,
            answer,
            broke_off: false,
            unread: String::new(),
        }
    }

    /// Sends a request with this browser's cookies, and keeps those of the answer.
    pub async fn send(&mut self, request: Request) -> Answer {
        let answer = send(self.address, self.as_from_here(request)).await;
        self.keep_cookies(&answer);
        answer
    }

    /// A request with what this browser adds to it.
    fn as_from_here(&self, request: Request) -> Request {
        let host = self
            .origin
            .split_once("://")
            .map_or("", |(_, host)| host)
            .to_owned();
        let mut request = request
            .or_header("host", &host)
            .or_header("sec-fetch-site", "same-origin");
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            request = request.or_header("origin", &self.origin);
        }
        if !self.cookies.is_empty() {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            request = request.or_header("cookie", &pairs.collect::<Vec<_>>().join("; "));
        }
        request
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.header_all("set-cookie") {
            let pair = line.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub fn session(&self) -> Option<&str> {
        self.cookie(SESSION_COOKIE)
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub fn forget_cookies(&mut self) {
        self.cookies.clear();
    }
}

/// What people do on the site.
impl Browser {
    /// Signs in by the plain form.
    pub async fn post_login(&mut self, username: &str, password: &str) -> Answer {
        self.post_form("/api/login", &credentials(username, password))
            .await
    }

    /// Signs in as the page's script does.
    pub async fn fetch_login(&mut self, username: &str, password: &str) -> Answer {
        self.fetch_form("/api/login", &credentials(username, password))
            .await
    }

    pub async fn post_logout(&mut self) -> Answer {
        self.post_form("/api/logout", &[]).await
    }

    pub async fn fetch_logout(&mut self) -> Answer {
        self.fetch_form("/api/logout", &[]).await
    }
}

pub fn credentials<'a>(username: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("username", username), ("password", password)]
}
