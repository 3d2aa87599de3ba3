//! The time of a page of a million accounts, on the site and through the API.

use crate::{
    Failure,
    load::{answers, quantile},
    milliseconds, postgres,
    program::{Fixture, Server},
    progress,
    report::{Figure, Goal},
    seed::{self, FIRST_NAMES, LAST_NAMES},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

const ACCOUNTS: u32 = 1_000_000;
const PEOPLE: usize = 4;
const ANSWERS: usize = 2_000;
const FILTERS: [&str; 4] = ["administrators", "disabled", "invited", "never_signed_in"];
const NO_MATCH: &str = "without a match";
/// A page with at least one account has it.
pub const TABLE: &str = "class=\"people-table\"";

/// A list of accounts, as a page or through the API.
struct List {
    path: &'static str,
    /// What an answer with an account contains.
    account: &'static str,
    /// What is read of it, with the addresses.
    questions: Vec<(&'static str, Vec<String>)>,
}

pub async fn measure() -> Result<Vec<Figure>, Failure> {
    progress("the list of accounts: writing 1,000,000");
    seed::require_space(4)?;
    let fixture = Fixture::new("1000000-users")?;
    seed::users(&fixture, ACCOUNTS).await?;
    let mut figures = measure_on(&fixture, "").await?;
    if let Some(fixture) = postgres::with_users_of(&fixture).await? {
        figures.extend(measure_on(&fixture, " on PostgreSQL").await?);
    }
    Ok(figures)
}

async fn measure_on(fixture: &Fixture, database: &str) -> Result<Vec<Figure>, Failure> {
    fixture.promote()?;
    let server = Server::vestibule(fixture).await?;
    server.wait_until_idle().await?;
    let cookie = server.session_cookie().await?;
    let mut figures = Vec::new();
    for list in [of_the_site(), of_the_api()] {
        for (what, paths) in &list.questions {
            let name = format!(
                "Time of 99 of 100 `{}` of 1,000,000{database}: {what}",
                list.path
            );
            progress(&name);
            let page = server.fetch(&paths[0], Some(&cookie)).await?;
            let finds = String::from_utf8_lossy(&page).contains(list.account);
            if finds == (*what == NO_MATCH) {
                return Err(format!("{} does not show the expected content", paths[0]).into());
            }
            figures.push(time(&server, &cookie, name, paths).await?);
        }
    }
    Ok(figures)
}

async fn time(
    server: &Server,
    cookie: &str,
    name: String,
    paths: &[String],
) -> Result<Figure, Failure> {
    let load = server.each_page(paths, cookie)?;
    let taken = answers(&load, PEOPLE, ANSWERS).await?;
    let of = |share| milliseconds(quantile(&taken, share));
    Ok(Figure {
        name,
        value: of(0.99),
        unit: "ms",
        goal: Goal::AtMost(50.0),
        remark: format!(
            "median {:.1} ms, the slowest {:.0} ms, of {ANSWERS} by {PEOPLE} concurrently; {} different",
            of(0.5),
            of(1.0),
            paths.len()
        ),
    })
}

/// The searches of administrators.
fn of_the_site() -> List {
    let list = |query: &str| format!("/admin/users?{query}");
    let of_letter = letters().flat_map(|letter| {
        let further = format!("search={letter}&after={letter}k.&id=");
        [list(&format!("search={letter}")), list(&further)]
    });
    let questions = vec![
        ("the first page", vec![list("")]),
        (
            "a page in the middle",
            pairs(&|first, last| list(&format!("after={first}.{last}.5&id="))),
        ),
        (
            "by a username",
            pairs(&|first, last| list(&format!("search={first}.{last}.4"))),
        ),
        (
            "by a part of an email",
            pairs(&|first, _| list(&format!("search={first}4"))),
        ),
        (
            "by both names",
            pairs(&|first, last| list(&format!("search={last}+{}", &first[..2]))),
        ),
        (
            "by words that all have",
            vec![
                list("search=example.org"),
                list("search=o"),
                list("search=org+example"),
                list("search=a"),
            ],
        ),
        (
            "by such words with filters",
            FILTERS
                .iter()
                .flat_map(|filter| {
                    [
                        "",
                        "&search=a",
                        "&search=example.org",
                        "&search=lovelace+org",
                    ]
                    .map(|search| list(&format!("filter={filter}{search}")))
                })
                .collect(),
        ),
        ("by one letter, first and later pages", of_letter.collect()),
        (
            NO_MATCH,
            pairs(&|first, last| list(&format!("search={first}.{last}.x"))),
        ),
    ];
    List {
        path: "/admin/users",
        account: TABLE,
        questions,
    }
}

/// Pages of 50 accounts, as those of the site.
fn of_the_api() -> List {
    let list = |query: &str| format!("/api/v1/users?{query}");
    let of_letter = letters().flat_map(|letter| {
        let further = cursor("a", &format!("{letter}k."));
        let further = list(&format!("filter={letter}&cursor={further}"));
        [list(&format!("filter={letter}")), further]
    });
    let middle =
        |direction| move |first: &str, last: &str| cursor(direction, &format!("{first}.{last}.5"));
    let (after, before) = (middle("a"), middle("b"));
    let questions = vec![
        (
            "the first page in both orders",
            vec![list("sort=name"), list("sort=-name")],
        ),
        (
            "a page in the middle",
            pairs(&|first, last| list(&format!("cursor={}", after(first, last)))),
        ),
        (
            "the page before",
            pairs(&|first, last| list(&format!("cursor={}", before(first, last)))),
        ),
        (
            "by both names",
            pairs(&|first, last| list(&format!("filter={last}+{}", &first[..2]))),
        ),
        (
            "by words that all have, with a status",
            FILTERS
                .iter()
                .flat_map(|status| {
                    ["a", "example.org"]
                        .map(|filter| list(&format!("status={status}&filter={filter}&sort=-name")))
                })
                .collect(),
        ),
        ("by one letter, first and later pages", of_letter.collect()),
        (
            NO_MATCH,
            pairs(&|first, last| list(&format!("filter={first}.{last}.x"))),
        ),
    ];
    List {
        path: "/api/v1/users",
        account: "\"username\":",
        questions,
    }
}

/// The position at this key, as an answer of the API gives it.
fn cursor(direction: &str, key: &str) -> String {
    let json = serde_json::json!({ direction: [key, "0"] });
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

fn letters() -> impl Iterator<Item = String> {
    ('a'..='p').map(|letter| letter.to_string())
}

/// One address for each pair of a first and a last name.
fn pairs(address: &dyn Fn(&str, &str) -> String) -> Vec<String> {
    let last_names = LAST_NAMES.map(str::to_lowercase);
    let of = |first: String| last_names.each_ref().map(|last| address(&first, last));
    let first_names = FIRST_NAMES.map(str::to_lowercase).into_iter();
    first_names.flat_map(of).collect()
}
