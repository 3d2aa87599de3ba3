//! Requests as raw as they have to be, and everything that was answered.

use super::{
    target::{Target, encode_form},
    tls::Tls,
};
use crate::{domain::moment::Timestamp, server::clock::Clock};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::HOST,
};
use hyper_util::rt::TokioIo;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// Longer than the server's own limits take: then somebody else's silence was met.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// No page of ours is as long; whoever answers without end is not read to the end.
const MAX_BODY: usize = 4 * 1024 * 1024;

pub const FORM: &str = "application/x-www-form-urlencoded";
/// What browsers send when a person opens a page.
pub const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

/// How the doctor calls itself in the list of sessions and in the audit log.
pub const USER_AGENT: &str = concat!("vestibule-doctor/", env!("CARGO_PKG_VERSION"));

/// A request, written down header by header.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Something in front of the server may answer it in its own way.
    is_odd: bool,
}

impl Request {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            is_odd: false,
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

    /// A proxy may refuse it by itself, with headers of its own or by hanging up: only whether it is
    /// refused is looked at.
    pub fn odd(mut self) -> Self {
        self.is_odd = true;
        self
    }

    fn has(&self, wanted: &str) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
    }

    fn into_hyper(self, host: &str) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
        let mut request = hyper::Request::builder()
            .method(self.method.as_str())
            .uri(&self.path)
            .header("user-agent", USER_AGENT);
        if !self.has(HOST.as_str()) {
            request = request.header(HOST, host);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Full::from(self.body))
    }
}

/// What came back.
pub struct Answer {
    pub method: String,
    pub path: String,
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub is_odd: bool,
}

impl Answer {
    pub fn all(&self, wanted: &str) -> Vec<&str> {
        let found = self.headers.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that stands exactly once.
    pub fn only(&self, wanted: &str) -> Option<&str> {
        match self.all(wanted)[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    pub fn location(&self) -> &str {
        self.all("location").first().copied().unwrap_or_default()
    }

    /// For findings: the request and how it was answered.
    pub fn told(&self) -> String {
        let location = match self.location() {
            "" => String::new(),
            location => format!(" to {location}"),
        };
        format!(
            "{} {} was answered with {}{location}",
            self.method, self.path, self.status
        )
    }

    pub fn is_page(&self) -> bool {
        let kind = self.all("content-type").first().copied();
        self.status == 200
            && self.method == "GET"
            && kind.is_some_and(|kind| kind.starts_with("text/html"))
    }

    pub fn is_file(&self) -> bool {
        matches!(self.status, 200 | 206 | 304)
            && (self.path.starts_with("/pkg/") || self.path.starts_with("/favicon"))
    }
}

/// There was no answer at all.
#[derive(Debug, thiserror::Error)]
#[error("no answer to {to}: {why}")]
pub struct NoAnswer {
    pub to: String,
    pub why: String,
}

type Sender = http1::SendRequest<Full<Bytes>>;

/// Asks, and keeps what was answered.
pub struct Client {
    pub target: Target,
    tls: Tls,
    clock: Clock,
    answers: RefCell<Vec<Rc<Answer>>>,
    silences: Cell<usize>,
    /// A connection that goes on, for requests that may be repeated where it does not.
    idle: RefCell<Option<Sender>>,
    is_interrupted: Cell<bool>,
}

impl Client {
    pub fn new(target: Target, tls: Tls, clock: Clock) -> Self {
        Self {
            target,
            tls,
            clock,
            answers: RefCell::default(),
            silences: Cell::new(0),
            idle: RefCell::default(),
            is_interrupted: Cell::new(false),
        }
    }

    /// Lets no further request begin. The one that is under way is heard out: it may begin a session.
    pub fn interrupt(&self) {
        self.is_interrupted.set(true);
    }

    /// Whether it was interrupted; what is asked from now on is for tidying up.
    pub fn take_interruption(&self) -> bool {
        self.is_interrupted.take()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Everything that was answered so far.
    pub fn answers(&self) -> Vec<Rc<Answer>> {
        self.answers.borrow().clone()
    }

    /// The same without what a proxy may have answered by itself.
    pub fn own_answers(&self) -> Vec<Rc<Answer>> {
        let mut answers = self.answers();
        answers.retain(|answer| !answer.is_odd);
        answers
    }

    /// Requests that nobody answered although somebody should have.
    pub fn silences(&self) -> usize {
        self.silences.get()
    }

    /// # Errors
    /// [`NoAnswer`] where there is none in time.
    pub async fn send(&self, request: Request) -> Result<Rc<Answer>, NoAnswer> {
        self.send_to(&self.target, request).await
    }

    /// Sends a request that may be an odd one, which a proxy may refuse by hanging up: `None`.
    ///
    /// # Errors
    /// [`NoAnswer`] to one that is not odd.
    pub async fn send_maybe_odd(&self, request: Request) -> Result<Option<Rc<Answer>>, NoAnswer> {
        let is_odd = request.is_odd;
        match self.send(request).await {
            Ok(answer) => Ok(Some(answer)),
            Err(_) if is_odd => Ok(None),
            Err(silence) => Err(silence),
        }
    }

    /// # Errors
    /// [`NoAnswer`] where there is none in time.
    pub async fn send_to(&self, target: &Target, request: Request) -> Result<Rc<Answer>, NoAnswer> {
        let is_odd = request.is_odd;
        let to = format!("{} {}", request.method, request.path);
        if self.is_interrupted.get() {
            let why = "it was interrupted".to_owned();
            return Err(NoAnswer { to, why });
        }
        let answered = match timeout(PATIENCE, self.exchange(target, request)).await {
            Ok(answered) => answered.map_err(|error| error.to_string()),
            Err(_) => Err(format!("nothing came in {} s", PATIENCE.as_secs())),
        };
        match answered {
            Ok(answer) => {
                let answer = Rc::new(answer);
                self.answers.borrow_mut().push(Rc::clone(&answer));
                Ok(answer)
            }
            Err(why) => {
                let silences = self.silences.get() + usize::from(!is_odd);
                self.silences.set(silences);
                Err(NoAnswer { to, why })
            }
        }
    }

    /// Begins to read an answer that goes on. Where it is a refusal there is nothing behind it.
    ///
    /// # Errors
    /// [`NoAnswer`] where none begins in time.
    pub async fn watch(
        &self,
        request: Request,
        patience: Duration,
    ) -> Result<(Rc<Answer>, Events), NoAnswer> {
        let to = format!("{} {}", request.method, request.path);
        let begun = async {
            let mut sender = self.connect(&self.target).await?;
            let (answer, response) = begin(&mut sender, &self.target, request).await?;
            Ok::<_, Failure>((answer, sender, response.into_body()))
        };
        let begun = match timeout(patience, begun).await {
            Ok(begun) => begun.map_err(|error| error.to_string()),
            Err(_) => Err(format!("nothing came in {} s", patience.as_secs())),
        };
        let (answer, sender, body) = begun.map_err(|why| NoAnswer { to, why })?;
        let answer = Rc::new(answer);
        self.answers.borrow_mut().push(Rc::clone(&answer));
        let events = Events {
            _sender: sender,
            body,
        };
        Ok((answer, events))
    }

    async fn exchange(&self, target: &Target, request: Request) -> Result<Answer, Failure> {
        let may_be_repeated = request.method == "GET" && !request.is_odd;
        let idle = if may_be_repeated {
            self.idle.borrow_mut().take()
        } else {
            None
        };
        if let Some(mut sender) = idle
            && sender.ready().await.is_ok()
            && let Ok(answer) = ask(&mut sender, target, request.clone()).await
        {
            self.idle.replace(Some(sender));
            return Ok(answer);
        }
        let mut sender = self.connect(target).await?;
        let answer = ask(&mut sender, target, request).await?;
        if may_be_repeated {
            self.idle.replace(Some(sender));
        }
        Ok(answer)
    }

    async fn connect(&self, target: &Target) -> Result<Sender, Failure> {
        let stream = TcpStream::connect(target.place()).await?;
        stream.set_nodelay(true)?;
        if target.is_https() {
            greet(self.tls.connect(&target.name(), stream).await?).await
        } else {
            greet(stream).await
        }
    }
}

/// An answer that goes on.
pub struct Events {
    /// The connection ends with it.
    _sender: Sender,
    body: Incoming,
}

impl Events {
    /// Reads until these words have come; `false` where they have not in this time.
    pub async fn say(&mut self, words: &str, patience: Duration) -> bool {
        let said = async {
            let mut text = String::new();
            while let Some(Ok(frame)) = self.body.frame().await {
                let data = frame.into_data().unwrap_or_default();
                text += &String::from_utf8_lossy(&data);
                if text.contains(words) {
                    return true;
                }
            }
            false
        };
        timeout(patience, said).await.unwrap_or(false)
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn greet(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<Sender, Failure> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with its sender; what goes wrong on it, the answers tell.
    tokio::spawn(connection);
    Ok(sender)
}

async fn ask(sender: &mut Sender, target: &Target, request: Request) -> Result<Answer, Failure> {
    let (mut answer, response) = begin(sender, target, request).await?;
    let body = Limited::new(response.into_body(), MAX_BODY)
        .collect()
        .await?;
    answer.body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(answer)
}

/// Sends a request, and reads the head of the answer.
async fn begin(
    sender: &mut Sender,
    target: &Target,
    request: Request,
) -> Result<(Answer, Response<Incoming>), Failure> {
    let (method, path, is_odd) = (request.method.clone(), request.path.clone(), request.is_odd);
    let response = sender
        .send_request(request.into_hyper(&target.host())?)
        .await?;
    let headers = response.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let answer = Answer {
        method,
        path,
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: String::new(),
        is_odd,
    };
    Ok((answer, response))
}
