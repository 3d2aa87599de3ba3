//! Behind the documented proxies, too, a request is completed although the window closes.

use super::{
    PERSON, TRUSTED,
    front::{Change, Front, Kind},
    home_and_server_on,
};
use crate::{
    on_both_engines,
    program::{free_port, sign_in},
    support::{
        PASSWORD,
        database::{Engine, TestDatabase},
        http::{Closing, SESSION_COOKIE},
    },
};
use sqlx::{Connection, PgConnection, SqliteConnection};
use std::time::Duration;

const ROUNDS: usize = 4;

/// The documented files forward everything, even if the window closes at once. Otherwise a proxy
/// closes its connection as well, and a request that has reached the server by then is still
/// completed.
const CASES: [(Kind, &[Change<'static>], Duration); 4] = [
    (Kind::Nginx, &[], Duration::ZERO),
    (Kind::Caddy, &[], Duration::ZERO),
    (
        Kind::Nginx,
        &[("proxy_ignore_client_abort on;", "")],
        FORWARDED_AFTER,
    ),
    (Kind::Caddy, &[("flush_interval -1", "")], FORWARDED_AFTER),
];

/// A proxy forwards a request, and the end of its client's connection, within this time.
const FORWARDED_AFTER: Duration = Duration::from_millis(500);

/// Another program's lock, for which a sign-out waits: the window is closed by then.
enum Holder {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Holder {
    async fn begin(database: &TestDatabase) -> Self {
        let address = &database.address;
        let mut holder = match database.engine {
            Engine::Sqlite => Self::Sqlite(SqliteConnection::connect(address).await.unwrap()),
            Engine::Postgres => Self::Postgres(PgConnection::connect(address).await.unwrap()),
        };
        let begin = match database.engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => "BEGIN; UPDATE sessions SET address = address",
        };
        holder.execute(begin).await;
        holder
    }

    async fn execute(&mut self, sql: &'static str) {
        let sql = sqlx::raw_sql(sql);
        match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(drop),
            Self::Postgres(connection) => sql.execute(connection).await.map(drop),
        }
        .expect("SQL of the test");
    }
}

on_both_engines! {
    async fn signing_out_and_closing_the_window_signs_out(database: TestDatabase) {
        let mut behind = Vec::new();
        for (kind, changes, wait) in CASES {
            let port = free_port();
            let (home, server) = home_and_server_on(database.engine, port, TRUSTED).await;
            let mut front = Front::start(kind, &home, port, server.address, changes);
            let mut person = front.browser(PERSON).await;
            let mut copy = person.clone();
            let mut live = 0;
            for round in 0..ROUNDS {
                sign_in(&mut person, "ada", PASSWORD).await;
                copy.set_cookie(SESSION_COOKIE, person.session().unwrap());
                let closing = if round % 2 == 0 { Closing::Fin } else { Closing::Reset };
                let mut holder = Holder::begin(&home.database).await;
                person.post_and_close_after(wait, "/api/logout", &[], closing).await;
                tokio::time::sleep(FORWARDED_AFTER).await;
                holder.execute("COMMIT").await;
                let mut is_dead = false;
                for _ in 0..60 {
                    is_dead = copy.get("/dashboard").await.status == 303;
                    if is_dead {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                live += usize::from(!is_dead);
            }
            behind.push((kind, live));
        }
        assert_eq!(behind, CASES.map(|(kind, ..)| (kind, 0)), "cookies that still live, of {ROUNDS}");
    }
}
