//! Pages, as ratios to what they are measured beside.

use crate::{
    CONNECTIONS, Failure,
    compared::Compared,
    load::{latencies, quantile},
    milliseconds,
    program::{Place, Server},
    report::{Figure, Goal},
    say, seed,
};
use hyper::StatusCode;
use std::{fmt::Write, time::Duration};

/// As many sessions as an account may have.
const SESSIONS: u32 = 50;

/// # Errors
/// Where a server does not answer as expected.
pub async fn measure(place: &Place) -> Result<Vec<Figure>, Failure> {
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
        figures.push(Compared::measure([one, other]).await?.figure(name, goal));
    }
    Ok(figures)
}

/// What a person with as many sessions as there may be waits for the list of them.
///
/// # Errors
/// Where a server does not answer as expected.
pub async fn own_sessions() -> Result<Figure, Failure> {
    const NAME: &str = "`/account/sessions` with 50 sessions ÷ `/login`, requests a second";
    const PER_SECOND: u32 = 100;
    const LONG: Duration = Duration::from_secs(10);
    say(NAME);
    let place = Place::new("own-sessions")?;
    seed::sessions_of_first_account(&place, SESSIONS).await?;
    let server = Server::vestibule(&place).await?;
    // The sign-in ends the longest idle of them.
    let cookie = server.session_cookie().await?;
    let sessions = server.page("/account/sessions", Some(&cookie), StatusCode::OK)?;
    let login = (&server, server.page("/login", None, StatusCode::OK)?);
    let bytes = server
        .fetch("/account/sessions", Some(&cookie))
        .await?
        .len();

    let sessions = (&server, sessions);
    let mut figure = Compared::measure([&sessions, &login])
        .await?
        .figure(NAME, Goal::None);
    let taken = latencies(&sessions.1, CONNECTIONS, PER_SECOND, LONG).await?;
    let [half, most] = [0.5, 0.99].map(|share| milliseconds(quantile(&taken, share)));
    write!(
        figure.remark,
        "; {half:.1} ms, 99 of 100 within {most:.1} ms, at {PER_SECOND} a second; {:.0} kB of HTML",
        bytes as f64 / 1e3,
    )?;
    Ok(figure)
}
