//! Sign-ins: the highest rate, and the effect of a flood on other requests.

use crate::{
    CONNECTIONS, Failure, MEGABYTE, ROUND, ROUNDS, bare, in_megabytes,
    load::{latencies, quantile, throughput},
    median, milliseconds,
    program::{Fixture, Server},
    progress,
    report::{Figure, Goal},
};
use hyper::StatusCode;
use std::time::Duration;
use tokio::time::sleep;

pub async fn ratio(fixture: &Fixture) -> Result<Figure, Failure> {
    progress("sign-ins");
    let server = Server::vestibule(fixture).await?;
    let load = server.sign_ins()?;
    // The hashing threads allocate their memory at the first sign-ins.
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
        name: "Sign-ins ÷ raw verifications by the `argon2` crate on all processors, a second"
            .to_owned(),
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

/// The effect of a flood of sign-ins on a person who reads pages, and on memory.
pub async fn flood(fixture: &Fixture) -> Result<Vec<Figure>, Failure> {
    const PER_SECOND: u32 = 100;
    const READERS: usize = 8;
    const LONG: Duration = Duration::from_secs(20);

    progress("the memory at rest");
    let server = Server::vestibule(fixture).await?;
    let cookie = server.session_cookie().await?;
    let dashboard = server.page("/dashboard", Some(&cookie), StatusCode::OK)?;
    latencies(&dashboard, READERS, PER_SECOND, ROUND).await?;
    // The hashing threads release their memory after 30 idle seconds.
    sleep(Duration::from_secs(35)).await;
    let (idle, _) = server.memory()?;

    progress("pages alone, and under a flood of sign-ins");
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
            name: "Time of 99 of 100 `/dashboard` answers during a flood of sign-ins".to_owned(),
            value: p99_flooded,
            unit: "ms",
            goal: Goal::AtMost((3.0 * p99_calm).max(25.0)),
            remark: format!(
                "{p99_calm:.1} ms without the flood; medians {p50_flooded:.1} and {p50_calm:.1} ms; {PER_SECOND} pages and {sign_ins:.0} sign-ins a second"
            ),
        },
        Figure {
            name: "Resident memory at rest".to_owned(),
            value: in_megabytes(idle),
            unit: "MB",
            goal: Goal::AtMost(40.0),
            remark: "after sign-in, pages, and 35 seconds without work".to_owned(),
        },
        Figure {
            name: "Peak resident memory under the flood".to_owned(),
            value: in_megabytes(most),
            unit: "MB",
            goal: Goal::AtMost(40.0 + budget),
            remark: format!("of which the hashing threads have {budget:.0} MB"),
        },
    ])
}

/// One for each processor, within the default budget of 128 MiB.
fn hashing_threads() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, Into::into);
    u32::try_from(processors).map_or(6, |processors| processors.min(6))
}
