//! A browser without a screen: its cookies, and its headers.

use super::{ACCEPT_PAGE, Answer, Connection, Events, Request, SESSION_COOKIE, credentials, send};
use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

/// A browser: it keeps cookies and sends the origin of its requests.
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

    /// A browser with another origin, for servers with a public address.
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

    /// Opens a page and follows redirects.
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

    /// Sends the whole form and closes the connection without waiting: like a closed window, or a
    /// machine that is switched off.
    pub async fn post_and_close(&self, target: &str, fields: &[(&str, &str)], closing: Closing) {
        let at_once = Duration::ZERO;
        self.post_and_close_after(at_once, target, fields, closing)
            .await;
    }

    /// The same, some time after the request was sent.
    pub async fn post_and_close_after(
        &self,
        wait: Duration,
        target: &str,
        fields: &[(&str, &str)],
        closing: Closing,
    ) {
        let request = match fields {
            [] => Request::new("POST", target).header("content-length", "0"),
            fields => Request::form(target, fields),
        };
        let request = self.as_from_here(request.header("accept", ACCEPT_PAGE));
        let mut connection = Connection::open(self.address).await;
        assert!(connection.send(&request.to_bytes()).await);
        tokio::time::sleep(wait).await;
        match closing {
            Closing::Fin => drop(connection),
            Closing::Reset => connection.reset(),
        }
    }

    /// Opens a stream.
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

    /// A request with the headers of this browser.
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

/// The way a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    Fin,
    Reset,
}

/// The actions of people on the site.
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

    /// Opens the link for a password with this code.
    pub async fn open_link(&mut self, secret: &str) -> Answer {
        self.post_form("/api/open_password_link", &[("secret", secret)])
            .await
    }

    pub async fn post_logout(&mut self) -> Answer {
        self.post_form("/api/logout", &[]).await
    }

    pub async fn fetch_logout(&mut self) -> Answer {
        self.fetch_form("/api/logout", &[]).await
    }
}
