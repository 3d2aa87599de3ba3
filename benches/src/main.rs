//! Measures the release build of Vestibule, as ratios within one run: beside bare servers of the same
//! crates, under the same load, in turns, on the same machine. `make bench` writes what it finds into
//! `docs/performance.md`.

mod bare;
mod load;
mod program;
mod report;

use hyper::StatusCode;
use load::{Load, latencies, quantile, throughput};
use program::{Place, Server};
use report::{Figure, Goal};
use std::{
    env,
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::{runtime::Builder, time::sleep};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Of each comparison; the median counts, so that one disturbed round does not.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(4);
/// Enough to keep two processors busy.
pub const CONNECTIONS: usize = 16;
const STARTS: usize = 10;
const MEGABYTE: f64 = 1e6;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match *arguments.as_slice() {
        ["bare-handler", address, _] => run(Builder::new_multi_thread(), serve_handler(address)),
        ["bare-read", address, database] => {
            run(Builder::new_multi_thread(), serve_read(address, database))
        }
        _ => run(Builder::new_current_thread(), measure_all()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("✗ {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The servers run as `#[tokio::main]` would run them, and as Vestibule runs. The client has one thread.
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

async fn measure_all() -> Result<(), Failure> {
    let started = Instant::now();
    let place = Place::new()?;
    let mut figures = Vec::new();
    figures.push(starts(&place).await?);
    figures.extend(pages(&place).await?);
    figures.push(sign_ins(&place).await?);
    figures.extend(flood(&place).await?);
    figures.push(client_weight()?);
    report::write(&figures, started.elapsed())
}

async fn starts(place: &Place) -> Result<Figure, Failure> {
    say("starting");
    let mut taken = Vec::new();
    for _ in 0..STARTS {
        taken.push(Server::vestibule(place).await?.first_answer);
    }
    taken.sort_unstable();
    Ok(Figure {
        name: "From the start of the program to its first page, on an existing database",
        value: milliseconds(quantile(&taken, 0.5)),
        unit: "ms",
        goal: Goal::AtMost(100.0),
        remark: format!(
            "median of {STARTS} starts; the slowest {:.0} ms",
            milliseconds(quantile(&taken, 1.0))
        ),
    })
}

async fn pages(place: &Place) -> Result<Vec<Figure>, Failure> {
    let server = Server::vestibule(place).await?;
    let cookie = server.session_cookie().await?;
    let bare_handler = Server::bare("bare-handler", place).await?;
    let bare_read = Server::bare("bare-read", place).await?;

    let login = (&server, server.page("/login", None, StatusCode::OK)?);
    let dashboard = server.page("/dashboard", Some(&cookie), StatusCode::OK)?;
    let dashboard = (&server, dashboard);
    let check = server.page("/", Some(&cookie), StatusCode::SEE_OTHER)?;
    let check = (&server, check);
    let read = (&bare_read, bare_read.page("/", None, StatusCode::OK)?);
    let handler = (&bare_handler, bare_handler.page("/", None, StatusCode::OK)?);

    let mut figures = Vec::new();
    for (name, one, other, goal) in [
        (
            "`/dashboard` with a live session ÷ `/login`, requests a second",
            &dashboard,
            &login,
            Goal::AtLeast(0.8),
        ),
        (
            "A session check (`/` with a live session) ÷ axum with one bare read through sqlx",
            &check,
            &read,
            Goal::AtLeast(0.9),
        ),
        (
            "`/login` ÷ axum with a bare handler",
            &login,
            &handler,
            Goal::None,
        ),
    ] {
        say(name);
        figures.push(Compared::measure(one, other).await?.figure(name, goal));
    }
    Ok(figures)
}

type Target<'a> = (&'a Server, Load);

/// Two loads in turns.
struct Compared {
    /// Of the requests a second, one for each round, smallest first.
    ratios: Vec<f64>,
    rates: [f64; 2],
    /// Milliseconds of processor time that each server used for a request.
    costs: [f64; 2],
}

impl Compared {
    async fn measure(one: &Target<'_>, other: &Target<'_>) -> Result<Self, Failure> {
        let mut rates = [Vec::new(), Vec::new()];
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (index, (server, load)) in [one, other].into_iter().enumerate() {
                let before = server.processor_seconds()?;
                let rate = throughput(load, CONNECTIONS, ROUND).await?;
                let used = server.processor_seconds()? - before;
                rates[index].push(rate);
                costs[index].push(used * 1e3 / (rate * ROUND.as_secs_f64()));
            }
        }
        let mut ratios: Vec<_> = rates[0]
            .iter()
            .zip(&rates[1])
            .map(|(one, other)| one / other)
            .collect();
        ratios.sort_by(f64::total_cmp);
        Ok(Self {
            ratios,
            rates: rates.map(median),
            costs: costs.map(median),
        })
    }

    fn figure(&self, name: &'static str, goal: Goal) -> Figure {
        Figure {
            name,
            value: self.ratios[self.ratios.len() / 2],
            unit: "",
            goal,
            remark: format!(
                "{:.0} ÷ {:.0} a second; {:.2} to {:.2} in {ROUNDS} rounds; {:.3} and {:.3} ms of processor time each",
                self.rates[0],
                self.rates[1],
                self.ratios[0],
                self.ratios[self.ratios.len() - 1],
                self.costs[0],
                self.costs[1],
            ),
        }
    }
}

async fn sign_ins(place: &Place) -> Result<Figure, Failure> {
    say("sign-ins");
    let server = Server::vestibule(place).await?;
    let load = server.sign_ins()?;
    // The hashing threads get their memory at the first sign-ins.
    throughput(&load, CONNECTIONS, ROUND / 4).await?;
    let mut ratios = Vec::new();
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let signed_in = throughput(&load, CONNECTIONS, ROUND).await?;
        let hashed = bare::argon2_per_second(ROUND);
        ratios.push(signed_in / hashed);
        rates[0].push(signed_in);
        rates[1].push(hashed);
    }
    ratios.sort_by(f64::total_cmp);
    let [signed_in, hashed] = rates.map(median);
    Ok(Figure {
        name: "Sign-ins ÷ raw verifications by the `argon2` crate on all processors, a second",
        value: ratios[ROUNDS / 2],
        unit: "",
        goal: Goal::AtLeast(0.95),
        remark: format!(
            "{signed_in:.0} ÷ {hashed:.0} a second; {:.2} to {:.2} in {ROUNDS} rounds",
            ratios[0],
            ratios[ROUNDS - 1]
        ),
    })
}

/// What a person who reads pages notices of a flood of sign-ins, and what it does to the memory.
async fn flood(place: &Place) -> Result<Vec<Figure>, Failure> {
    const PER_SECOND: u32 = 100;
    const READERS: usize = 8;
    const LONG: Duration = Duration::from_secs(20);

    say("the memory at rest");
    let server = Server::vestibule(place).await?;
    let cookie = server.session_cookie().await?;
    let dashboard = server.page("/dashboard", Some(&cookie), StatusCode::OK)?;
    latencies(&dashboard, READERS, PER_SECOND, ROUND).await?;
    // The hashing threads give their memory back after 30 seconds of rest.
    sleep(Duration::from_secs(35)).await;
    let (idle, _) = server.memory()?;

    say("pages alone, and under a flood of sign-ins");
    let calm = latencies(&dashboard, READERS, PER_SECOND, LONG).await?;
    let sign_in = server.sign_ins()?;
    let flood = tokio::spawn(async move {
        throughput(&sign_in, CONNECTIONS, LONG + Duration::from_secs(2)).await
    });
    sleep(Duration::from_secs(1)).await;
    let flooded = latencies(&dashboard, READERS, PER_SECOND, LONG).await?;
    let sign_ins = flood.await??;
    let (_, most) = server.memory()?;

    let [p99_calm, p99_flooded] = [&calm, &flooded].map(|all| milliseconds(quantile(all, 0.99)));
    let [p50_calm, p50_flooded] = [&calm, &flooded].map(|all| milliseconds(quantile(all, 0.5)));
    let budget = f64::from(hashing_threads()) * 19.0 * 1_048_576.0 / MEGABYTE;
    Ok(vec![
        Figure {
            name: "99 of 100 `/dashboard` answers while sign-ins flood",
            value: p99_flooded,
            unit: "ms",
            goal: Goal::AtMost((3.0 * p99_calm).max(25.0)),
            remark: format!(
                "{p99_calm:.1} ms without the flood; medians {p50_flooded:.1} and {p50_calm:.1} ms; {PER_SECOND} pages and {sign_ins:.0} sign-ins a second"
            ),
        },
        Figure {
            name: "Resident memory at rest",
            value: bytes_in_megabytes(idle),
            unit: "MB",
            goal: Goal::AtMost(40.0),
            remark: "after sign-in, pages, and 35 seconds without work".to_owned(),
        },
        Figure {
            name: "The most resident memory under the flood",
            value: bytes_in_megabytes(most),
            unit: "MB",
            goal: Goal::AtMost(40.0 + budget),
            remark: format!("of which {budget:.0} MB are the hashing threads’"),
        },
    ])
}

/// As many as there are processors, within the default budget of 128 MiB.
fn hashing_threads() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, Into::into);
    u32::try_from(processors).map_or(6, |processors| processors.min(6))
}

fn client_weight() -> Result<Figure, Failure> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site/pkg"));
    let mut bytes = 0;
    for file in folder.read_dir()? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".wasm.br") || name.ends_with(".js.br") {
            bytes += file.metadata()?.len();
        }
    }
    Ok(Figure {
        name: "Wasm and script that a browser downloads, in brotli",
        value: bytes_in_megabytes(bytes) * 1e3,
        unit: "kB",
        goal: Goal::AtMost(200.0),
        remark: "`make client-budget` checks it".to_owned(),
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn bytes_in_megabytes(bytes: u64) -> f64 {
    bytes as f64 / MEGABYTE
}

fn say(what: &str) {
    eprintln!("  measuring {what}");
}
