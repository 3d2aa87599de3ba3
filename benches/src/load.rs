//! Requests: as fast as they are answered, or at a steady rate.

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

pub type FullRequest = Request<Full<Bytes>>;

/// One connection that is kept open.
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// The answer with its whole body.
    pub async fn send(&mut self, request: FullRequest) -> Result<hyper::Response<Bytes>, Failure> {
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(hyper::Response::from_parts(head, body))
    }

    pub async fn expect(
        &mut self,
        request: FullRequest,
        expected: StatusCode,
    ) -> Result<(), Failure> {
        let uri = request.uri().clone();
        let status = self.send(request).await?.status();
        if status == expected {
            return Ok(());
        }
        Err(format!("{uri} answered {status}, not {expected}").into())
    }
}

/// The requests, repeated in order; any other answer than the expected one fails the measurement.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub requests: Arc<[FullRequest]>,
    pub status: StatusCode,
}

impl Load {
    /// The requests of one of the connections: each has its own share of them, repeated.
    fn of_connection(
        &self,
        connection: usize,
        connections: usize,
    ) -> impl Iterator<Item = FullRequest> + use<> {
        let requests = Arc::clone(&self.requests);
        let positions = (connection..).step_by(connections);
        positions.map(move |position| requests[position % requests.len()].clone())
    }
}

/// Answers a second, on connections that each send the next request after an answer.
pub async fn throughput(
    load: &Load,
    connections: usize,
    duration: Duration,
) -> Result<f64, Failure> {
    let started = Instant::now();
    let end = started + duration;
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let mut requests = load.of_connection(connection, connections);
        let (address, status) = (load.address, load.status);
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut answers = 0_u32;
            while Instant::now() < end
                && let Some(request) = requests.next()
            {
                connection.expect(request, status).await?;
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

/// The time of each answer, shortest first, at a rate that does not depend on the answers.
///
/// A delayed request counts from when it was due. Otherwise slow answers would hide themselves by
/// reducing the number of requests ("coordinated omission").
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
        let mut requests = load.of_connection(connection, connections);
        let (address, status) = (load.address, load.status);
        let mut due = started + pause * u32::try_from(connection)? / number;
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut taken = Vec::new();
            while due < started + duration
                && let Some(request) = requests.next()
            {
                let is_late = Instant::now() > due;
                sleep_until(due.into()).await;
                let sent_at = if is_late { due } else { Instant::now() };
                connection.expect(request, status).await?;
                taken.push(sent_at.elapsed());
                due += pause;
            }
            Ok::<_, Failure>(taken)
        });
    }
    sorted(tasks).await
}

/// The time of each answer, shortest first, on connections that each send the next request after an
/// answer.
pub async fn answers(
    load: &Load,
    connections: usize,
    number: usize,
) -> Result<Vec<Duration>, Failure> {
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let requests = load.of_connection(connection, connections);
        let (address, status) = (load.address, load.status);
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut taken = Vec::new();
            for request in requests.take(number / connections) {
                let started = Instant::now();
                connection.expect(request, status).await?;
                taken.push(started.elapsed());
            }
            Ok::<_, Failure>(taken)
        });
    }
    sorted(tasks).await
}

/// The results of all tasks, shortest first.
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

/// The least value that `share` of the sorted values do not exceed.
pub fn quantile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
