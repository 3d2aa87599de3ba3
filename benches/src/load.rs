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
    sync::Arc,
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

    /// # Errors
    /// Where the connection breaks, or the answer is another one.
    pub async fn expect(&mut self, asked: Asked, expected: StatusCode) -> Result<(), Failure> {
        let uri = asked.uri().clone();
        let status = self.ask(asked).await?.status();
        if status == expected {
            return Ok(());
        }
        Err(format!("{uri} answered {status}, not {expected}").into())
    }
}

/// What is asked for, one after the other and again from the beginning; any other answer than this fails
/// the measurement.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub asked: Arc<[Asked]>,
    pub status: StatusCode,
}

impl Load {
    /// What the connection of this number asks, of so many: each its own share of them, in a circle.
    fn of_connection(
        &self,
        connection: usize,
        connections: usize,
    ) -> impl Iterator<Item = Asked> + use<> {
        let asked = Arc::clone(&self.asked);
        let places = (connection..).step_by(connections);
        places.map(move |place| asked[place % asked.len()].clone())
    }
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
    for connection in 0..connections {
        let mut asked = load.of_connection(connection, connections);
        let (address, status) = (load.address, load.status);
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut answers = 0_u32;
            while Instant::now() < end
                && let Some(asked) = asked.next()
            {
                connection.expect(asked, status).await?;
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
    connections: usize,
    per_second: u32,
    duration: Duration,
) -> Result<Vec<Duration>, Failure> {
    let number = u32::try_from(connections)?;
    let pause = Duration::from_secs(1) * number / per_second;
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let mut asked = load.of_connection(connection, connections);
        let (address, status) = (load.address, load.status);
        let mut due = started + pause * u32::try_from(connection)? / number;
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut taken = Vec::new();
            while due < started + duration
                && let Some(asked) = asked.next()
            {
                let is_late = Instant::now() > due;
                sleep_until(due.into()).await;
                let asked_at = if is_late { due } else { Instant::now() };
                connection.expect(asked, status).await?;
                taken.push(asked_at.elapsed());
                due += pause;
            }
            Ok::<_, Failure>(taken)
        });
    }
    sorted(tasks).await
}

/// How long each of so many answers took, shortest first, on connections that each ask anew as soon as they
/// are answered.
///
/// # Errors
/// Where one answer is not as expected.
pub async fn answers(
    load: &Load,
    connections: usize,
    number: usize,
) -> Result<Vec<Duration>, Failure> {
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let asked = load.of_connection(connection, connections);
        let (address, status) = (load.address, load.status);
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut taken = Vec::new();
            for asked in asked.take(number / connections) {
                let started = Instant::now();
                connection.expect(asked, status).await?;
                taken.push(started.elapsed());
            }
            Ok::<_, Failure>(taken)
        });
    }
    sorted(tasks).await
}

/// What all of them have measured, shortest first.
async fn sorted(
    mut tasks: JoinSet<Result<Vec<Duration>, Failure>>,
) -> Result<Vec<Duration>, Failure> {
    let mut all = Vec::new();
    while let Some(taken) = tasks.join_next().await {
        all.extend(taken??);
    }
    all.sort_unstable();
    Ok(all)
}

/// The least of the sorted values that `share` of them do not exceed.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
