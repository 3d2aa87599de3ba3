//! Measures the release build of Vestibule, as ratios within one run: beside bare servers of the
//! same crates, under the same load, alternating, on the same machine. `make bench` writes the
//! results into `docs/performance.md`. With the names of parts as arguments only they are measured,
//! and nothing is written.

mod accounts;
mod api;
mod bare;
mod compared;
mod crowds;
mod ends;
mod load;
mod pages;
mod postgres;
mod program;
mod report;
mod seed;
mod sign_ins;
mod streams;
mod weights;

use load::quantile;
use program::{Fixture, Server};
use report::{Figure, Goal, Report};
use std::{
    env,
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::{runtime::Builder, select, signal::ctrl_c};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Rounds of each comparison; the median counts, so one disturbed round does not.
pub const ROUNDS: usize = 5;
pub const ROUND: Duration = Duration::from_secs(4);
/// Enough to keep two processors busy.
pub const CONNECTIONS: usize = 16;
const STARTS: usize = 10;
pub const MEGABYTE: f64 = 1e6;

/// The parts, each of which can be measured alone.
const PARTS: [&str; 9] = [
    "starts", "pages", "api", "sign-ins", "flood", "sessions", "users", "ends", "weights",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match *arguments.as_slice() {
        ["bare-handler", address, _] => run(Builder::new_multi_thread(), serve_handler(address)),
        ["bare-read", address, database] => {
            run(Builder::new_multi_thread(), serve_read(address, database))
        }
        ref parts => run(Builder::new_current_thread(), unless_interrupted(parts)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("✗ {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The servers use the runtime of `#[tokio::main]`, as Vestibule does. The client has one thread.
fn run(
    mut runtime: Builder,
    program: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    runtime.enable_all().build()?.block_on(program)
}

async fn serve_handler(address: &str) -> Result<(), Failure> {
    bare::serve_handler(address.parse::<SocketAddr>()?).await
}

async fn serve_read(address: &str, database: &str) -> Result<(), Failure> {
    bare::serve_read(address.parse::<SocketAddr>()?, Path::new(database)).await
}

/// An interrupted run must not leave gigabytes or servers behind.
async fn unless_interrupted(parts: &[&str]) -> Result<(), Failure> {
    select! {
        outcome = measure(parts) => outcome,
        _ = ctrl_c() => Err("interrupted".into()),
    }
}

async fn measure(parts: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(part)) {
        let parts = PARTS.join(", ");
        return Err(format!("there is no part {unknown}; the parts: {parts}").into());
    }
    let started = Instant::now();
    let mut report = Report::default();
    if let Err(failure) = fill(&mut report, parts).await {
        // Keep the results so far: they took minutes.
        report::print(&report, started.elapsed())?;
        return Err(failure);
    }
    if parts.is_empty() {
        report::write(&report, started.elapsed())
    } else {
        report::print(&report, started.elapsed())
    }
}

async fn fill(report: &mut Report, parts: &[&str]) -> Result<(), Failure> {
    let wants = |part| parts.is_empty() || parts.contains(&part);
    let fixture = Fixture::new("small")?;
    let figures = &mut report.figures;
    if wants("starts") {
        figures.push(starts(&fixture).await?);
    }
    if wants("pages") {
        figures.extend(pages::measure(&fixture).await?);
        figures.push(pages::own_sessions().await?);
    }
    if wants("api") {
        figures.extend(api::measure(&fixture).await?);
    }
    if wants("sign-ins") {
        figures.push(sign_ins::ratio(&fixture).await?);
    }
    if wants("flood") {
        figures.extend(sign_ins::flood(&fixture).await?);
    }
    if wants("sessions") {
        figures.push(crowds::session_check().await?);
    }
    if wants("users") {
        figures.extend(accounts::measure().await?);
    }
    if wants("ends") {
        figures.extend(ends::measure().await?);
    }
    if wants("weights") {
        weights::measure(report).await?;
    }
    Ok(())
}

async fn starts(fixture: &Fixture) -> Result<Figure, Failure> {
    progress("starting");
    let mut taken = Vec::new();
    for _ in 0..STARTS {
        taken.push(Server::vestibule(fixture).await?.first_answer);
    }
    taken.sort_unstable();
    Ok(Figure {
        name: "From the start of the program to its first page, on an existing database".to_owned(),
        value: milliseconds(quantile(&taken, 0.5)),
        unit: "ms",
        goal: Goal::AtMost(100.0),
        remark: format!(
            "median of {STARTS} starts; the slowest {:.0} ms",
            milliseconds(quantile(&taken, 1.0))
        ),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn in_megabytes(bytes: u64) -> f64 {
    bytes as f64 / MEGABYTE
}

fn progress(what: &str) {
    eprintln!("  measuring {what}");
}
