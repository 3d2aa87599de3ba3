//! Requests with exact control of the header lines, and a record of every answer.

mod answer;
mod request;
mod wire;

use super::{target::Target, tls::Tls};
use jiff::Timestamp;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use tokio::time::timeout;
use wire::{EventStream, Failure, Sender};

pub use answer::Answer;
pub use request::{FORM, Request, USER_AGENT};

/// Longer than the server's own limits: if this expires, something in front of the server is silent.
pub const TIMEOUT: Duration = Duration::from_secs(40);

/// No answer arrived.
#[derive(Debug, thiserror::Error)]
#[error("no answer to {to}: {why}")]
pub struct NoAnswer {
    pub to: String,
    pub why: String,
    /// The TLS handshake failed, so no request was sent.
    pub is_untrusted: bool,
}

/// Sends requests, and keeps the answers.
pub struct Client {
    pub target: Target,
    tls: Tls,
    answers: RefCell<Vec<Rc<Answer>>>,
    unanswered: Cell<usize>,
    /// Open connections for HTTP/1.1 and HTTP/2. Only requests that may be repeated use them, because they may break.
    idle: [RefCell<Option<Sender>>; 2],
    is_interrupted: Cell<bool>,
}

impl Client {
    pub fn new(target: Target, tls: Tls) -> Self {
        Self {
            target,
            tls,
            answers: RefCell::default(),
            unanswered: Cell::new(0),
            idle: Default::default(),
            is_interrupted: Cell::new(false),
        }
    }

    /// Lets no further request begin. The request in flight is completed: it may start a session.
    pub fn interrupt(&self) {
        self.is_interrupted.set(true);
    }

    /// Whether it was interrupted. Resets that, so that the clean-up can send requests.
    pub fn take_interruption(&self) -> bool {
        self.is_interrupted.take()
    }

    /// The time of this machine.
    pub fn now() -> Timestamp {
        Timestamp::now()
    }

    /// Every answer so far.
    pub fn answers(&self) -> Vec<Rc<Answer>> {
        self.answers.borrow().clone()
    }

    /// The answers without those that a proxy may have given, or has given, by itself.
    pub fn own_answers(&self) -> Vec<Rc<Answer>> {
        let mut answers = self.answers();
        answers.retain(|answer| !answer.may_be_from_proxy && !answer.is_proxy_failure());
        answers
    }

    /// Requests without an answer where one was due.
    pub fn unanswered(&self) -> usize {
        self.unanswered.get()
    }

    /// Whether the site offers HTTP/2 (ALPN).
    pub async fn speaks_http2(&self) -> Result<bool, NoAnswer> {
        let opened = match timeout(TIMEOUT, Sender::open(&self.tls, &self.target, true)).await {
            Ok(opened) => opened,
            Err(_) => Err(timed_out(TIMEOUT)),
        };
        match opened {
            Ok(sender) => {
                self.idle[1].replace(Some(sender));
                Ok(true)
            }
            Err(Failure::NoHttp2) => Ok(false),
            Err(failure) => Err(no_answer("a connection for HTTP/2".to_owned(), &failure)),
        }
    }

    /// Sends a request to the deployment.
    pub async fn send(&self, request: Request) -> Result<Rc<Answer>, NoAnswer> {
        self.send_to(&self.target, request).await
    }

    /// Sends a request. `None` if a proxy that may answer it closes the connection instead.
    pub async fn send_unless_closed(
        &self,
        request: Request,
    ) -> Result<Option<Rc<Answer>>, NoAnswer> {
        let proxy_may_answer = request.proxy_may_answer;
        match self.send(request).await {
            Ok(answer) => Ok(Some(answer)),
            Err(_) if proxy_may_answer => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Sends a request to another target.
    pub async fn send_to(&self, target: &Target, request: Request) -> Result<Rc<Answer>, NoAnswer> {
        let proxy_may_answer = request.proxy_may_answer;
        let to = format!("{} {}", request.method, request.path);
        if self.is_interrupted.get() {
            let why = Failure::Other("it was interrupted".to_owned());
            return Err(no_answer(to, &why));
        }
        let answered = match timeout(TIMEOUT, self.exchange(target, request)).await {
            Ok(answered) => answered,
            Err(_) => Err(timed_out(TIMEOUT)),
        };
        match answered {
            Ok(answer) => Ok(self.record(answer)),
            Err(why) => {
                let unanswered = self.unanswered.get() + usize::from(!proxy_may_answer);
                self.unanswered.set(unanswered);
                Err(no_answer(to, &why))
            }
        }
    }

    fn record(&self, mut answer: Answer) -> Rc<Answer> {
        let deployment = &self.target.deployment;
        answer.is_plain_script = deployment.plain_script_at(&answer.path).is_some();
        let answer = Rc::new(answer);
        self.answers.borrow_mut().push(Rc::clone(&answer));
        answer
    }

    /// Begins to read an open-ended answer, such as a stream of events. A refusal has no events.
    pub async fn open_stream(
        &self,
        request: Request,
        limit: Duration,
    ) -> Result<(Rc<Answer>, EventStream), NoAnswer> {
        let to = format!("{} {}", request.method, request.path);
        let opened = async {
            let mut sender = Sender::open(&self.tls, &self.target, false).await?;
            let (answer, response) = sender.send_for_head(&self.target, request).await?;
            Ok::<_, Failure>((answer, sender, response.into_body()))
        };
        let opened = match timeout(limit, opened).await {
            Ok(opened) => opened,
            Err(_) => Err(timed_out(limit)),
        };
        let (answer, sender, body) = opened.map_err(|why| no_answer(to, &why))?;
        let events = EventStream {
            _sender: sender,
            body,
        };
        Ok((self.record(answer), events))
    }

    async fn exchange(&self, target: &Target, request: Request) -> Result<Answer, Failure> {
        let may_be_repeated = request.method == "GET" && !request.proxy_may_answer;
        let is_http2 = request.is_http2;
        let idle = &self.idle[usize::from(is_http2)];
        let idle_sender = if may_be_repeated {
            idle.borrow_mut().take()
        } else {
            None
        };
        if let Some(mut sender) = idle_sender
            && sender.is_ready().await
            && let Ok(answer) = sender.send(target, request.clone()).await
        {
            idle.replace(Some(sender));
            return Ok(answer);
        }
        let mut sender = Sender::open(&self.tls, target, is_http2).await?;
        let answer = sender.send(target, request).await?;
        if may_be_repeated {
            idle.replace(Some(sender));
        }
        Ok(answer)
    }
}

fn no_answer(to: String, why: &Failure) -> NoAnswer {
    NoAnswer {
        to,
        why: why.to_string(),
        is_untrusted: matches!(why, Failure::Untrusted(_)),
    }
}

fn timed_out(limit: Duration) -> Failure {
    Failure::Other(format!("nothing came in {} s", limit.as_secs()))
}

pub fn milliseconds_between(one: Timestamp, other: Timestamp) -> u64 {
    one.as_millisecond().abs_diff(other.as_millisecond())
}

/// RFC 3339, to the second.
pub fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
