//! PostgreSQL: stopped and started, waiting for a lock, fallen silent.

use super::{
    SOON, all_is_well, assert_unavailable,
    cluster::{Cluster, Stop},
    end_by_command, in_time, nobody_signs_in, nobody_signs_out, recovers,
    relay::Relay,
    the_process_is_well,
};
use crate::{
    program::{Home, Server, sign_in},
    support::{
        PASSWORD,
        database::{Engine, TestDatabase},
        http::{Answer, SESSION_COOKIE},
    },
};
use sqlx::{Connection, PgConnection};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// As many connections to the database does a server make.
const CONNECTIONS: i64 = 20;

/// Whatever takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than there are connections.
const CROWD: usize = 25;

pub async fn home_at(url: &str) -> Home {
    Home::on_sqlite().await.with("VESTIBULE_DATABASE_URL", url)
}

/// What a worker of the load has seen.
#[derive(Default)]
struct Seen {
    answered: usize,
    unavailable: usize,
    /// Tokens whose sign-out was answered with success, and when.
    ended: Vec<(Instant, String)>,
}

impl Seen {
    /// Either the database answers or we say that it does not: nobody is told that they have no
    /// session, and nobody's cookie is taken.
    fn note(&mut self, answer: &Answer, success: u16) -> bool {
        if answer.status == success {
            self.answered += 1;
            return true;
        }
        assert_unavailable(answer);
        self.unavailable += 1;
        false
    }

    fn with(mut self, other: Self) -> Self {
        self.answered += other.answered;
        self.unavailable += other.unavailable;
        self.ended.extend(other.ended);
        self
    }
}

/// A little between two requests: the load is bounded.
const REST: Duration = Duration::from_millis(20);

/// Opens a page over and over.
async fn read(server: Arc<Server>, token: String, over: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !over.load(Ordering::Relaxed) {
        let answer = in_time(server.dashboard_with(&token)).await;
        seen.note(&answer, 200);
        assert!(answer.set_cookies(SESSION_COOKIE).is_empty(), "{answer:?}");
        tokio::time::sleep(REST).await;
    }
    seen
}

/// Signs in and out over and over.
async fn come_and_go(server: Arc<Server>, name: String, over: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(REST).await;
        let mut browser = server.browser();
        let answer = in_time(sign_in(&mut browser, &name, PASSWORD)).await;
        if !seen.note(&answer, 303) {
            assert_eq!(browser.session(), None);
            continue;
        }
        let token = browser.session().expect("not refused").to_owned();
        let answer = in_time(browser.post_logout()).await;
        if seen.note(&answer, 303) {
            assert_eq!(browser.session(), None);
            seen.ended.push((Instant::now(), token));
        } else {
            assert_eq!(browser.session(), Some(token.as_str()));
        }
    }
    seen
}

async fn is_stopped_and_started_under_load(how: Stop) {
    let mut cluster = Cluster::new().await;
    let home = home_at(&cluster.url()).await;
    for name in ["ada", "grace", "edith"] {
        home.create_user(name);
    }
    let server = Arc::new(home.serve());
    let mut staying = Vec::new();
    for _ in 0..3 {
        let browser = server.signed_in("ada").await;
        staying.push(browser.session().unwrap().to_owned());
    }
    let over = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for token in &staying {
        load.spawn(read(Arc::clone(&server), token.clone(), Arc::clone(&over)));
    }
    for name in ["grace", "edith"] {
        load.spawn(come_and_go(
            Arc::clone(&server),
            name.to_owned(),
            Arc::clone(&over),
        ));
    }

    tokio::time::sleep(Duration::from_secs(2)).await;
    let stopped = Instant::now();
    cluster.stop(how);
    assert_eq!(server.browser().get("/readyz").await.status, 503);
    the_process_is_well(&server).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    cluster.start().await;
    recovers(&server, &staying[0]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    over.store(true, Ordering::Relaxed);
    let seen = load
        .join_all()
        .await
        .into_iter()
        .fold(Seen::default(), Seen::with);

    assert!(
        seen.answered > 0 && seen.unavailable > 0,
        "nothing happened"
    );
    let before = seen.ended.iter().filter(|(at, _)| *at < stopped).count();
    assert!(before > 0, "nobody signed out before the stop");
    for (_, token) in &seen.ended {
        server.refuses(token).await;
    }
    for token in &staying {
        server.lets_in(token).await;
    }
    all_is_well(&server, &mut server.signed_in("ada").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_be_stopped_and_started_under_load() {
    is_stopped_and_started_under_load(Stop::Fast).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_crash_and_recover_under_load() {
    is_stopped_and_started_under_load(Stop::Immediate).await;
}

/// The line on which notices come is begun anew, and what was missed is looked for.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_hears_of_ends_again_after_postgres_was_stopped_and_started() {
    let mut cluster = Cluster::new().await;
    let home = home_at(&cluster.url()).await;
    home.create_user("ada");
    let server = home.serve();
    for how in [Stop::Fast, Stop::Immediate] {
        let browser = server.signed_in("ada").await;
        let mut page = browser.watch().await;
        let said = page.lives().await;
        let name = said["session"].as_str().unwrap();
        cluster.stop(how);
        assert_eq!(browser.watch().await.answer.status, 503);
        the_process_is_well(&server).await;
        cluster.start().await;
        recovers(&server, browser.session().unwrap()).await;
        end_by_command(&home, name);
        let reason = tokio::time::timeout(SOON, page.ended()).await;
        assert_eq!(reason.expect("told soon"), "ended_by_admin");
        assert_eq!(browser.watch().await.answer.status, 401);
    }
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

/// Somebody else's lock, such as that of a migration by hand.
async fn lock_sessions(url: &str) -> PgConnection {
    let mut holder = PgConnection::connect(url).await.unwrap();
    let lock = "BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE";
    sqlx::raw_sql(lock).execute(&mut holder).await.unwrap();
    holder
}

/// Waits until the server has no connection left: each waits for the lock.
async fn all_connections_wait(holder: &mut PgConnection) {
    const SQL: &str = "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
        WHERE NOT l.granted AND d.datname = current_database()";
    let begun = Instant::now();
    let waiting = async |holder: &mut PgConnection| {
        let waiting = sqlx::query_scalar::<_, i64>(SQL).fetch_one(holder).await;
        waiting.unwrap()
    };
    while waiting(holder).await < CONNECTIONS {
        assert!(begun.elapsed() < PATIENCE, "there are connections left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// So many that ask for a page at the same time, again and again until it is over. Returns what they
/// were told.
fn crowd(server: &Arc<Server>, token: &str, over: &Arc<AtomicBool>) -> JoinSet<Vec<Answer>> {
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let (server, token) = (Arc::clone(server), token.to_owned());
        let over = Arc::clone(over);
        crowd.spawn(async move {
            let mut answers = Vec::new();
            while answers.is_empty() || !over.load(Ordering::Relaxed) {
                answers.push(in_time(server.dashboard_with(&token)).await);
            }
            answers
        });
    }
    crowd
}

/// Waits until the crowd has left, each told that it is our fault.
async fn nobody_was_let_in(crowd: JoinSet<Vec<Answer>>) {
    for answer in crowd.join_all().await.concat() {
        assert_unavailable(&answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waits_is_told_in_time_and_so_is_an_exhausted_pool() {
    let home = Home::new(TestDatabase::new(Engine::Postgres).await);
    home.create_user("ada");
    let server = Arc::new(home.serve());
    let mut browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut holder = lock_sessions(&home.database.address).await;
    let over = Arc::default();
    let crowd = crowd(&server, &token, &over);
    all_connections_wait(&mut holder).await;
    the_process_is_well(&server).await;
    nobody_signs_out(&mut browser).await;
    over.store(true, Ordering::Relaxed);
    nobody_was_let_in(crowd).await;
    holder.close().await.unwrap();
    all_is_well(&server, &mut browser).await;
}

/// The machine of the database has lost its power, or a firewall has forgotten the connections: no
/// limit of the database's own helps, and TCP would wait for a quarter of an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_falls_silent_is_told_in_time_and_its_connections_are_given_up() {
    let cluster = Cluster::new().await;
    let relay = Relay::to(cluster.port()).await;
    let home = home_at(&cluster.url_at(relay.port))
        .await
        .with("VESTIBULE_HTTP__REQUEST_TIMEOUT", "8s");
    home.create_user("ada");
    let server = Arc::new(home.serve());
    let mut browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut holder = lock_sessions(&cluster.url()).await;
    let over = Arc::default();
    let crowd = crowd(&server, &token, &over);
    all_connections_wait(&mut holder).await;
    relay.fall_silent();
    over.store(true, Ordering::Relaxed);
    nobody_was_let_in(crowd).await;
    nobody_signs_in(&server).await;
    nobody_signs_out(&mut browser).await;
    the_process_is_well(&server).await;
    holder.close().await.unwrap();
    relay.come_back();
    all_is_well(&server, &mut browser).await;
}
