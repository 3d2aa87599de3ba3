//! Requests in number: as fast as they are answered, or at a steady pace.

use crate::Failure;
use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, StatusCode,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet, time::sleep_until};

pub type Asked = Request<Full<Bytes>>;

/// One connection that is kept open.
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    /// # Errors
    /// Where nobody listens.
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// The answer with its whole body.
    ///
    /// # Errors
    /// Where the connection breaks.
    pub async fn ask(&mut self, asked: Asked) -> Result<hyper::Response<Bytes>, Failure> {
        self.0.ready().await?;
        let (head, body) = self.0.send_request(asked).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(hyper::Response::from_parts(head, body))
    }

    async fn expect(&mut self, load: &Load) -> Result<(), Failure> {
        let status = self.ask(load.asked.clone()).await?.status();
        if status == load.status {
            return Ok(());
        }
        let path = load.asked.uri();
        Err(format!("{path} answered {status}, not {}", load.status).into())
    }
}

/// One request, again and again; any other answer than this fails the measurement.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub asked: Asked,
    pub status: StatusCode,
}

/// Answers a second, on so many connections that each ask anew as soon as they are answered.
///
/// # Errors
/// Where one answer is not as expected.
pub async fn throughput(
    load: &Load,
    connections: usize,
    duration: Duration,
) -> Result<f64, Failure> {
    let started = Instant::now();
    let end = started + duration;
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let load = load.clone();
        tasks.spawn(async move {
            let mut connection = Connection::open(load.address).await?;
            let mut answers = 0_u32;
            while Instant::now() < end {
                connection.expect(&load).await?;
                answers += 1;
            }
            Ok::<_, Failure>(answers)
        });
    }
    let mut answers = 0;
    while let Some(counted) = tasks.join_next().await {
        answers += counted??;
    }
    Ok(f64::from(answers) / started.elapsed().as_secs_f64())
}

/// How long each answer took, shortest first, at a pace that does not depend on them.
///
/// A request that had to wait for the one before it counts from when it was due: else slow answers
/// would hide themselves by making fewer ("coordinated omission").
///
/// # Errors
/// Where one answer is not as expected.
pub async fn latencies(
    load: &Load,
    connections: u32,
    per_second: u32,
    duration: Duration,
) -> Result<Vec<Duration>, Failure> {
    let pause = Duration::from_secs(1) * connections / per_second;
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let load = load.clone();
        let mut due = started + pause * connection / connections;
        tasks.spawn(async move {
            let mut connection = Connection::open(load.address).await?;
            let mut taken = Vec::new();
            while due < started + duration {
                let is_late = Instant::now() > due;
                sleep_until(due.into()).await;
                let asked_at = if is_late { due } else { Instant::now() };
                connection.expect(&load).await?;
                taken.push(asked_at.elapsed());
                due += pause;
            }
            Ok::<_, Failure>(taken)
        });
    }
    let mut all = Vec::new();
    while let Some(taken) = tasks.join_next().await {
        all.extend(taken??);
    }
    all.sort_unstable();
    Ok(all)
}

/// The value below which `share` of the sorted ones are.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let index = (sorted.len() as f64 * share) as usize;
    sorted[index.min(sorted.len() - 1)]
}
