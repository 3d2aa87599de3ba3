//! The cost of a session check, which should not grow with the number of sessions.

use crate::{
    CONNECTIONS, Failure, ROUND, ROUNDS,
    compared::Compared,
    load::throughput,
    program::{Fixture, Server},
    progress,
    report::{Figure, Goal},
    seed,
};
use hyper::StatusCode;
use std::{env, path::Path};

/// Sessions in the table, the smallest first.
const TABLES: [u32; 3] = [1_000, 100_000, 10_000_000];
/// The number of sessions that are checked in turn, spread over the whole table.
const TOKENS: u32 = 20_000;
const SESSIONS_PER_ACCOUNT: u32 = 40;
/// The largest table with its indexes, and the space for sorting them.
const REQUIRED_GB: u64 = 12;
/// The files alone.
const FILES_GB: u64 = 6;

/// The cost of a session check among ten million sessions, compared with a thousand.
pub async fn session_check() -> Result<Figure, Failure> {
    seed::require_space(REQUIRED_GB)?;
    let in_memory = seed::folder_in_memory(FILES_GB);
    let folder = in_memory.map_or_else(env::temp_dir, Path::to_path_buf);
    let mut fixtures = Vec::new();
    for count in TABLES {
        progress(&format!("the session check: writing {count} sessions"));
        let fixture = Fixture::new_in(&folder, &format!("{count}-sessions"))?;
        let tokens = TOKENS.min(count);
        let cookies = seed::sessions(&fixture, count, count / SESSIONS_PER_ACCOUNT, tokens).await?;
        fixtures.push((fixture, cookies));
    }
    let mut targets = Vec::new();
    for (fixture, cookies) in &fixtures {
        let server = Server::vestibule(fixture).await?;
        let check = server.page_for_each("/", cookies, StatusCode::SEE_OTHER)?;
        targets.push((server, check));
    }
    progress("the session check: waiting until the files are read through");
    for (server, check) in &targets {
        server.wait_until_idle().await?;
        // Fills the page cache of each connection with the inner pages of the trees.
        throughput(check, CONNECTIONS, 2 * ROUND).await?;
    }
    progress("the session check with 1,000, 100,000 and 10,000,000 sessions");
    let [small, middle, large] = [0, 1, 2].map(|index: usize| {
        let (server, check) = &targets[index];
        (server, check.clone())
    });
    let compared = Compared::measure([&small, &middle, &large]).await?;
    let ratios = compared.ratios(0, 2);
    let [rate_small, rate_middle, rate_large] = compared.medians();
    let [cost_small, _, cost_large] = compared.costs;
    let gigabytes = seed::bytes_of(&fixtures[2].0)? as f64 / 1e9;
    Ok(Figure {
        name: "The cost of a session check with 10,000,000 sessions in the table ÷ with 1,000"
            .to_owned(),
        value: ratios[ROUNDS / 2],
        unit: "",
        goal: Goal::AtMost(1.3),
        remark: format!(
            "{rate_small:.0} a second with 1,000, {rate_middle:.0} with 100,000, {rate_large:.0} with 10,000,000; \
             {:.2} to {:.2} in {ROUNDS} rounds; {cost_small:.3} and {cost_large:.3} ms of processor time each; \
             a file of {gigabytes:.1} GB, {}",
            ratios[0],
            ratios[ROUNDS - 1],
            match in_memory {
                Some(_) => "held in memory".to_owned(),
                None => compared_to_memory(gigabytes),
            },
        ),
    })
}

/// How much of a file fits into the memory of the machine.
fn compared_to_memory(gigabytes: f64) -> String {
    match seed::memory("MemTotal:").map(|bytes| bytes as f64 / 1e9) {
        Some(memory) if gigabytes < memory * 0.8 => {
            format!("which fits into the memory of {memory:.0} GB")
        }
        Some(memory) => format!("larger than the memory of {memory:.0} GB"),
        None => "beside a memory of unknown size".to_owned(),
    }
}
