//! Pages, as ratios to their baselines.

use crate::{
    CONNECTIONS, Failure,
    compared::Compared,
    load::{latencies, quantile},
    milliseconds,
    program::{Fixture, Server},
    progress,
    report::{Figure, Goal},
    seed,
};
use hyper::StatusCode;
use std::{fmt::Write, time::Duration};

/// The limit of sessions of an account.
const SESSIONS: u32 = 50;

pub async fn measure(fixture: &Fixture) -> Result<Vec<Figure>, Failure> {
    let server = Server::vestibule(fixture).await?;
    let cookie = server.session_cookie().await?;
    let bare_handler = Server::bare("bare-handler", fixture).await?;
    let bare_read = Server::bare("bare-read", fixture).await?;

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
        progress(name);
        figures.push(Compared::measure([one, other]).await?.figure(name, goal));
    }
    Ok(figures)
}

/// The time of the list of sessions, for a person with as many as allowed.
pub async fn own_sessions() -> Result<Figure, Failure> {
    const NAME: &str = "`/account/sessions` with 50 sessions ÷ `/login`, requests a second";
    const PER_SECOND: u32 = 100;
    const LONG: Duration = Duration::from_secs(10);
    progress(NAME);
    let fixture = Fixture::new("own-sessions")?;
    seed::sessions_of_first_account(&fixture, SESSIONS).await?;
    let server = Server::vestibule(&fixture).await?;
    // The sign-in ends the least recently used one.
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
