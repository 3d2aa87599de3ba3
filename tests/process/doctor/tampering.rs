//! A proxy that breaks one control: over TLS, in front of the real server, and only in these tests.

use super::message::{Inbound, Tamper, from_http2, read, to_bytes, to_http2};
use crate::{
    proxies::front::make_certificate,
    support::http::{Answer, Connection},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};

/// The apparent address of visitors: an address for documentation (RFC 5737).
pub const VISITOR: &str = "198.51.100.7";

/// The proxy's memory of one run.
#[derive(Default)]
pub struct Memory {
    /// Every session token that was issued.
    pub tokens: Vec<String>,
    /// Tokens that were signed out.
    pub dead: Vec<String>,
    /// Every access token and access key that was issued.
    pub credentials: Vec<String>,
    pub kept: Option<Answer>,
    /// Answers that are kept by the credential of their request, each with the number of refusals since.
    pub kept_by: BTreeMap<String, (Answer, usize)>,
    pub word: String,
    /// A planted token and the real one behind it.
    pub pair: String,
    pub count: usize,
}

impl Memory {
    pub fn is_dead(&self, token: &str) -> bool {
        self.dead.iter().any(|dead| dead == token)
    }

    /// The newest token that is not signed out.
    pub fn live(&self) -> Option<&String> {
        let mut newest = self.tokens.iter().rev();
        newest.find(|token| !self.dead.contains(token))
    }
}

/// The result for a request in transit.
pub enum Action {
    Forward,
    Answer(Box<Answer>),
    HangUp,
}

type Before = Box<dyn Fn(&mut Inbound, &mut Memory) -> Action + Send + Sync>;
type After = Box<dyn Fn(&Inbound, &mut Answer, &mut Memory) + Send + Sync>;

/// One way of breaking a control, and the checks that have to find it.
pub struct Break {
    pub what: &'static str,
    pub found_by: BTreeSet<&'static str>,
    pub account: &'static str,
    pub leaves_sessions: bool,
    pub leaves_key: bool,
    buffers_streams: bool,
    forgets_digest: bool,
    before: Before,
    after: After,
}

pub fn breaks(what: &'static str, found_by: &[&'static str]) -> Break {
    Break {
        what,
        found_by: found_by.iter().copied().collect(),
        account: "ada",
        leaves_sessions: false,
        leaves_key: false,
        buffers_streams: false,
        forgets_digest: false,
        before: Box::new(|_, _| Action::Forward),
        after: Box::new(|_, _, _| {}),
    }
}

impl Break {
    /// Changes requests.
    pub fn asking(mut self, change: impl Fn(&mut Inbound) + Send + Sync + 'static) -> Self {
        self.before = Box::new(move |inbound, _| {
            change(inbound);
            Action::Forward
        });
        self
    }

    /// Changes requests, records them, or answers itself.
    pub fn before(
        mut self,
        change: impl Fn(&mut Inbound, &mut Memory) -> Action + Send + Sync + 'static,
    ) -> Self {
        self.before = Box::new(change);
        self
    }

    /// Changes answers.
    pub fn answering(
        mut self,
        change: impl Fn(&Inbound, &mut Answer) + Send + Sync + 'static,
    ) -> Self {
        self.after = Box::new(move |inbound, answer, _| change(inbound, answer));
        self
    }

    /// Changes answers, and records them.
    pub fn after(
        mut self,
        change: impl Fn(&Inbound, &mut Answer, &mut Memory) + Send + Sync + 'static,
    ) -> Self {
        self.after = Box::new(change);
        self
    }

    pub fn for_account(self, account: &'static str) -> Self {
        Self { account, ..self }
    }

    /// Answers without an end are read to their end.
    pub fn buffering_streams(self) -> Self {
        Self {
            buffers_streams: true,
            ..self
        }
    }

    /// As a proxy that rewrites pages without updating digests. All other breaks update them: each
    /// change has to be found by its own check too.
    pub fn forgetting_the_digest(self) -> Self {
        Self {
            forgets_digest: true,
            ..self
        }
    }

    pub fn leaving_key(self) -> Self {
        Self {
            leaves_key: true,
            ..self
        }
    }

    pub fn leaving_sessions(self) -> Self {
        Self {
            leaves_sessions: true,
            ..self
        }
    }
}

/// The concurrent breaks.
pub type Broken = Arc<Vec<Break>>;

/// The current behaviour of the proxy.
#[derive(Clone)]
struct State {
    now: Arc<Mutex<(Broken, Memory)>>,
    upstream: SocketAddr,
}

/// The running proxy.
pub struct Tampering {
    pub address: SocketAddr,
    listener: Option<TcpListener>,
    tls: TlsAcceptor,
    state: Option<State>,
    running: Option<JoinHandle<()>>,
}

impl Tampering {
    /// It listens first, so that its port is known before the server starts.
    pub async fn listen(folder: &Path) -> Self {
        make_certificate(folder);
        let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            listener: Some(listener),
            tls: TlsAcceptor::from(Arc::new(config)),
            state: None,
            running: None,
        }
    }

    pub fn start(&mut self, upstream: SocketAddr) {
        let state = State {
            now: Arc::default(),
            upstream,
        };
        self.state = Some(state.clone());
        let (listener, tls) = (self.listener.take().unwrap(), self.tls.clone());
        self.running = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, state) = (tls.clone(), state.clone());
                tokio::spawn(async move {
                    // The client may disconnect.
                    let Ok(mut stream) = tls.accept(stream).await else {
                        return;
                    };
                    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        return state.serve_http2(stream).await;
                    }
                    while let Some(inbound) = read(&mut stream).await {
                        let method = inbound.method.clone();
                        if inbound.path() == "/session/events" && !state.buffers_streams() {
                            state.stream_through(inbound, &mut stream).await;
                            break;
                        }
                        let Some(answer) = state.relay(inbound).await else {
                            break;
                        };
                        let bytes = to_bytes(&answer, &method);
                        if stream.write_all(&bytes).await.is_err() {
                            break;
                        }
                    }
                    let _ = stream.shutdown().await;
                });
            }
        }));
    }

    /// From now on these breaks are active, each in its turn.
    pub fn set(&self, broken: Vec<Break>) -> Broken {
        let broken = Arc::new(broken);
        let state = self.state.as_ref().unwrap();
        *state.now.lock().unwrap() = (Arc::clone(&broken), Memory::default());
        broken
    }

    /// The number of sessions that started since then, for another thread.
    pub fn sessions_started(&self) -> impl Fn() -> usize + Send + 'static {
        let state = self.state.clone().unwrap();
        move || state.now.lock().unwrap().1.tokens.len()
    }

    /// The number of access tokens and keys that were issued since then, for another thread.
    pub fn credentials_issued(&self) -> impl Fn() -> usize + Send + 'static {
        let state = self.state.clone().unwrap();
        move || state.now.lock().unwrap().1.credentials.len()
    }

    /// Every session token that the server has issued since then.
    pub fn tokens(&self) -> Vec<String> {
        let state = self.state.as_ref().unwrap();
        state.now.lock().unwrap().1.tokens.clone()
    }

    /// Every access token and access key that it has issued since then.
    pub fn credentials(&self) -> Vec<String> {
        let state = self.state.as_ref().unwrap();
        state.now.lock().unwrap().1.credentials.clone()
    }
}

impl Drop for Tampering {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

impl State {
    async fn serve_http2(self, stream: TlsStream<TcpStream>) {
        let service = service_fn(|request: hyper::Request<Incoming>| {
            let state = self.clone();
            async move {
                let answer = state.relay(from_http2(request).await).await;
                answer
                    .map(to_http2)
                    .ok_or_else(|| io::Error::other("hung up"))
            }
        });
        let builder = http2::Builder::new(TokioExecutor::new());
        // The client may disconnect.
        let _ = builder
            .serve_connection(TokioIo::new(stream), service)
            .await;
    }

    fn buffers_streams(&self) -> bool {
        let now = self.now.lock().unwrap();
        now.0.iter().any(|one| one.buffers_streams)
    }

    /// An endless answer is forwarded as it arrives, with changes of the request alone.
    async fn stream_through(&self, mut inbound: Inbound, stream: &mut (impl AsyncWrite + Unpin)) {
        let own = {
            let mut now = self.now.lock().unwrap();
            let broken = Arc::clone(&now.0);
            let mut actions = broken
                .iter()
                .map(|one| (one.before)(&mut inbound, &mut now.1));
            actions.find_map(|action| match action {
                Action::Answer(answer) => Some(answer),
                Action::Forward | Action::HangUp => None,
            })
        };
        if let Some(answer) = own {
            let _ = stream.write_all(&to_bytes(&answer, "GET")).await;
            return;
        }
        inbound.set("connection", "close");
        let mut upstream = TcpStream::connect(self.upstream).await.unwrap();
        upstream.write_all(&inbound.to_bytes()).await.unwrap();
        // The client may disconnect.
        let _ = tokio::io::copy(&mut upstream, stream).await;
    }

    /// As the documented proxies do, except for the breaks.
    async fn relay(&self, received: Inbound) -> Option<Answer> {
        let host = received.header("host").unwrap_or_default().to_owned();
        let mut inbound = received.clone();
        inbound.remove("forwarded");
        inbound.set("x-forwarded-for", VISITOR);
        inbound.set("x-forwarded-proto", "https");
        inbound.set("x-forwarded-host", &host);
        let broken = {
            let mut now = self.now.lock().unwrap();
            let broken = Arc::clone(&now.0);
            // The client's own headers.
            for (name, value) in &received.headers {
                if name.starts_with("x-forwarded-") {
                    inbound.headers.push((format!("was-{name}"), value.clone()));
                }
            }
            for one in broken.iter() {
                match (one.before)(&mut inbound, &mut now.1) {
                    Action::Forward => {}
                    Action::Answer(answer) => return Some(*answer),
                    Action::HangUp => return None,
                }
            }
            inbound
                .headers
                .retain(|(name, _)| !name.starts_with("was-"));
            broken
        };
        inbound.set("connection", "close");
        if !inbound.body.is_empty() || inbound.method == "POST" {
            inbound.set("content-length", &inbound.body.len().to_string());
        }
        let mut connection = Connection::open(self.upstream).await;
        connection.send(&inbound.to_bytes()).await;
        let mut answer = connection.answer_to(&inbound.method).await?;
        let mut now = self.now.lock().unwrap();
        now.1.tokens.extend(answer.session_token());
        now.1.credentials.extend(issued_by(&inbound, &answer));
        if inbound.is("POST", "/api/logout") && answer.status == 303 {
            now.1.dead.extend(inbound.token().map(str::to_owned));
        }
        let sent = answer.body.clone();
        for one in broken.iter() {
            (one.after)(&received, &mut answer, &mut now.1);
        }
        let forgets_digest = broken.iter().any(|one| one.forgets_digest);
        if answer.body != sent && !forgets_digest && answer.header("repr-digest").is_some() {
            let digest = BASE64_STANDARD.encode(Sha256::digest(&answer.body));
            answer.set("repr-digest", &format!("sha-256=:{digest}:"));
        }
        Some(answer)
    }
}

/// The access token or the access key of an answer.
fn issued_by(inbound: &Inbound, answer: &Answer) -> Option<String> {
    let issues = inbound.method == "POST" && inbound.path().starts_with("/api/v1/");
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let issued = body["access_token"].as_str().or(body["key"].as_str())?;
    issues.then(|| issued.to_owned())
}
