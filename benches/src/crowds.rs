//! What grows with the number of sessions and of accounts, and should not get slower by it.

use crate::{
    CONNECTIONS, Failure, ROUND, ROUNDS,
    compared::Compared,
    load::{answers, quantile, throughput},
    milliseconds,
    program::{Place, Server},
    report::{Figure, Goal},
    say,
    seed::{self, FIRST_NAMES, LAST_NAMES},
};
use hyper::StatusCode;
use std::{env, path::Path};

/// Sessions in the table, the smallest first.
const TABLES: [u32; 3] = [1_000, 100_000, 10_000_000];
/// Their sessions are checked in turn: so many, all over the table.
const TOKENS: u32 = 20_000;
const SESSIONS_AN_ACCOUNT: u32 = 40;
/// The largest table with its indexes, and what sorting them needs.
const ROOM: u64 = 12;
/// The files alone.
const FILES: u64 = 6;

/// Whether a session is found as fast among ten million as among a thousand.
///
/// # Errors
/// Where there is no room, or a server does not answer as expected.
pub async fn session_check() -> Result<Figure, Failure> {
    seed::demand_room(ROOM)?;
    let in_memory = seed::folder_in_memory(FILES);
    let folder = in_memory.map_or_else(env::temp_dir, Path::to_path_buf);
    let mut places = Vec::new();
    for count in TABLES {
        say(&format!("the session check: writing {count} sessions"));
        let place = Place::new_in(&folder, &format!("{count}-sessions"))?;
        let tokens = TOKENS.min(count);
        let cookies = seed::sessions(&place, count, count / SESSIONS_AN_ACCOUNT, tokens).await?;
        places.push((place, cookies));
    }
    let mut targets = Vec::new();
    for (place, cookies) in &places {
        let server = Server::vestibule(place).await?;
        let check = server.page_for_each("/", cookies, StatusCode::SEE_OTHER)?;
        targets.push((server, check));
    }
    say("the session check: waiting until the files are read through");
    for (server, check) in &targets {
        server.is_quiet().await?;
        // Each connection to the database remembers the tops of its trees, once it has been there.
        throughput(check, CONNECTIONS, 2 * ROUND).await?;
    }
    say("the session check with 1,000, 100,000 and 10,000,000 sessions");
    let [small, middle, large] = [0, 1, 2].map(|index: usize| {
        let (server, check) = &targets[index];
        (server, check.clone())
    });
    let compared = Compared::measure([&small, &middle, &large]).await?;
    let ratios = compared.ratios(0, 2);
    let [rate_small, rate_middle, rate_large] = compared.medians();
    let [cost_small, _, cost_large] = compared.costs;
    let gigabytes = seed::bytes_of(&places[2].0)? as f64 / 1e9;
    Ok(Figure {
        name: "What a session check costs with 10,000,000 sessions in the table ÷ with 1,000"
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
                None => beside_memory(gigabytes),
            },
        ),
    })
}

/// How much of a file the memory of the machine can hold.
fn beside_memory(gigabytes: f64) -> String {
    match seed::memory("MemTotal:").map(|bytes| bytes as f64 / 1e9) {
        Some(memory) if gigabytes < memory * 0.8 => {
            format!("which the memory of {memory:.0} GB holds as a whole")
        }
        Some(memory) => format!("more than the memory of {memory:.0} GB holds"),
        None => "beside a memory of unknown size".to_owned(),
    }
}

const ACCOUNTS: u32 = 1_000_000;
const PEOPLE: usize = 4;
const ANSWERS: usize = 2_000;

/// How long the list of a million accounts takes, and searching it.
///
/// # Errors
/// Where a server does not answer as expected.
pub async fn list_of_users() -> Result<Vec<Figure>, Failure> {
    say("`/admin/users`: writing 1,000,000 accounts");
    seed::demand_room(2)?;
    let place = Place::new("1000000-users")?;
    seed::users(&place, ACCOUNTS).await?;
    place.promote()?;
    let server = Server::vestibule(&place).await?;
    server.is_quiet().await?;
    let cookie = server.session_cookie().await?;
    let mut figures = Vec::new();
    for (what, paths) in looks() {
        let name = format!("99 of 100 `/admin/users` of 1,000,000: {what}");
        say(&name);
        let page = server.fetch(&paths[0], Some(&cookie)).await?;
        let finds = String::from_utf8_lossy(&page).contains("href=\"/admin/users/");
        if finds == (what == NO_HIT) {
            return Err(format!("{} does not show what it is measured for", paths[0]).into());
        }
        let load = server.each_page(&paths, &cookie)?;
        let taken = answers(&load, PEOPLE, ANSWERS).await?;
        let of = |share| milliseconds(quantile(&taken, share));
        figures.push(Figure {
            name,
            value: of(0.99),
            unit: "ms",
            goal: Goal::AtMost(50.0),
            remark: format!(
                "median {:.1} ms, the slowest {:.0} ms, of {ANSWERS} by {PEOPLE} at once; {} different",
                of(0.5),
                of(1.0),
                paths.len()
            ),
        });
    }
    Ok(figures)
}

const NO_HIT: &str = "without a hit";

/// What administrators look for, with the addresses of the pages.
fn looks() -> [(&'static str, Vec<String>); 7] {
    let list = |query: &str| format!("/admin/users?{query}");
    let first = || FIRST_NAMES.map(str::to_lowercase);
    let last = || LAST_NAMES.map(str::to_lowercase);
    let pairs = |pair: &dyn Fn(&str, &str) -> String| {
        let pairs = first().into_iter();
        let pairs = pairs.flat_map(|first| last().map(|last| pair(&first, &last)));
        pairs.collect::<Vec<_>>()
    };
    let letters = || ('a'..='p').map(|letter| letter.to_string());
    let of_letter = letters().flat_map(|letter| {
        let further = format!("search={letter}&after={letter}k.&id=");
        [list(&format!("search={letter}")), list(&further)]
    });
    [
        ("the first page", vec![list("")]),
        (
            "a page in the middle",
            pairs(&|first, last| list(&format!("after={first}.{last}.5&id="))),
        ),
        (
            "by the beginning of a name",
            pairs(&|first, last| list(&format!("search={first}.{last}.4"))),
        ),
        (
            "by the beginning of an e-mail address",
            pairs(&|first, last| list(&format!("search={last}.{first}4"))),
        ),
        (
            "by the beginning of a display name",
            pairs(&|first, last| list(&format!("search={first}+{}", &last[..2]))),
        ),
        ("by one letter, first and later pages", of_letter.collect()),
        (
            NO_HIT,
            pairs(&|first, last| list(&format!("search={first}.{last}.x"))),
        ),
    ]
}
