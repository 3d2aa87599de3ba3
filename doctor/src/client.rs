//! Requests as raw as they have to be, and everything that was answered.

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
use wire::{Events, Failure, Sender};

pub use answer::Answer;
pub use request::{FORM, Request, USER_AGENT};

/// Longer than the server's own limits take: then somebody else's silence was met.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// There was no answer at all.
#[derive(Debug, thiserror::Error)]
#[error("no answer to {to}: {why}")]
pub struct NoAnswer {
    pub to: String,
    pub why: String,
    /// The TLS handshake failed, so no request was sent.
    pub is_untrusted: bool,
}

/// Asks, and keeps what was answered.
pub struct Client {
    pub target: Target,
    tls: Tls,
    answers: RefCell<Vec<Rc<Answer>>>,
    silences: Cell<usize>,
    /// Connections that go on, for requests that may be repeated where they do not: HTTP/1.1 and HTTP/2.
    idle: [RefCell<Option<Sender>>; 2],
    is_interrupted: Cell<bool>,
}

impl Client {
    pub fn new(target: Target, tls: Tls) -> Self {
        Self {
            target,
            tls,
            answers: RefCell::default(),
            silences: Cell::new(0),
            idle: Default::default(),
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

    /// The time of this machine.
    pub fn now() -> Timestamp {
        Timestamp::now()
    }

    /// Everything that was answered so far.
    pub fn answers(&self) -> Vec<Rc<Answer>> {
        self.answers.borrow().clone()
    }

    /// The same without what a proxy may have answered, or has answered, by itself.
    pub fn own_answers(&self) -> Vec<Rc<Answer>> {
        let mut answers = self.answers();
        answers.retain(|answer| !answer.is_odd && !answer.is_failure_on_the_way());
        answers
    }

    /// Requests that nobody answered although somebody should have.
    pub fn silences(&self) -> usize {
        self.silences.get()
    }

    /// Whether the site offers HTTP/2 (ALPN).
    ///
    /// # Errors
    /// [`NoAnswer`] where no connection could be made.
    pub async fn speaks_http2(&self) -> Result<bool, NoAnswer> {
        let opened = match timeout(PATIENCE, Sender::open(&self.tls, &self.target, true)).await {
            Ok(opened) => opened,
            Err(_) => Err(silent_for(PATIENCE)),
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
            let why = Failure::Other("it was interrupted".to_owned());
            return Err(no_answer(to, &why));
        }
        let answered = match timeout(PATIENCE, self.exchange(target, request)).await {
            Ok(answered) => answered,
            Err(_) => Err(silent_for(PATIENCE)),
        };
        match answered {
            Ok(answer) => Ok(self.keep(answer)),
            Err(why) => {
                let silences = self.silences.get() + usize::from(!is_odd);
                self.silences.set(silences);
                Err(no_answer(to, &why))
            }
        }
    }

    fn keep(&self, mut answer: Answer) -> Rc<Answer> {
        let deployment = &self.target.deployment;
        answer.is_plain_script = deployment.plain_script_at(&answer.path).is_some();
        let answer = Rc::new(answer);
        self.answers.borrow_mut().push(Rc::clone(&answer));
        answer
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
            let mut sender = Sender::open(&self.tls, &self.target, false).await?;
            let (answer, response) = sender.begin(&self.target, request).await?;
            Ok::<_, Failure>((answer, sender, response.into_body()))
        };
        let begun = match timeout(patience, begun).await {
            Ok(begun) => begun,
            Err(_) => Err(silent_for(patience)),
        };
        let (answer, sender, body) = begun.map_err(|why| no_answer(to, &why))?;
        let events = Events {
            _sender: sender,
            body,
        };
        Ok((self.keep(answer), events))
    }

    async fn exchange(&self, target: &Target, request: Request) -> Result<Answer, Failure> {
        let may_be_repeated = request.method == "GET" && !request.is_odd;
        let is_http2 = request.is_http2;
        let idle = &self.idle[usize::from(is_http2)];
        let kept = if may_be_repeated {
            idle.borrow_mut().take()
        } else {
            None
        };
        if let Some(mut sender) = kept
            && sender.is_ready().await
            && let Ok(answer) = sender.ask(target, request.clone()).await
        {
            idle.replace(Some(sender));
            return Ok(answer);
        }
        let mut sender = Sender::open(&self.tls, target, is_http2).await?;
        let answer = sender.ask(target, request).await?;
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

fn silent_for(patience: Duration) -> Failure {
    Failure::Other(format!("nothing came in {} s", patience.as_secs()))
}

pub fn milliseconds_between(one: Timestamp, other: Timestamp) -> u64 {
    one.as_millisecond().abs_diff(other.as_millisecond())
}

/// As RFC 3339 writes it.
pub fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
