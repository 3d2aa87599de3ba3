//! Faults of PostgreSQL: stopped and started, waiting for a lock, silent.

use super::{
    NOTICE_TIMEOUT, all_is_well, assert_unavailable,
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
    io::{BufRead, BufReader},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::JoinSet};

/// The number of connections that read.
const CONNECTIONS: i64 = 20;

/// Anything that takes longer has failed.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// More than there are connections.
const CROWD: usize = 25;

pub async fn home_at(url: &str) -> Home {
    Home::on_sqlite().await.with("VESTIBULE_DATABASE_URL", url)
}

/// The observations of a worker of the load.
#[derive(Default)]
struct Observed {
    answered: usize,
    unavailable: usize,
    /// Tokens whose sign-out was answered with success, and the times.
    ended: Vec<(Instant, String)>,
}

impl Observed {
    /// The database answers, or the server answers 503. No answer claims that the session is
    /// missing, and none clears the cookie.
    fn count(&mut self, answer: &Answer, success: u16) -> bool {
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

/// A short pause between two requests: it limits the load.
const PAUSE: Duration = Duration::from_millis(20);

/// Opens a page repeatedly.
async fn read(server: Arc<Server>, token: String, over: Arc<AtomicBool>) -> Observed {
    let mut observed = Observed::default();
    while !over.load(Ordering::Relaxed) {
        let answer = in_time(server.dashboard_with(&token)).await;
        observed.count(&answer, 200);
        assert!(answer.set_cookies(SESSION_COOKIE).is_empty(), "{answer:?}");
        tokio::time::sleep(PAUSE).await;
    }
    observed
}

/// Signs in and out repeatedly.
async fn sign_in_and_out(
    server: Arc<Server>,
    name: String,
    over: Arc<AtomicBool>,
    first_end: Arc<Notify>,
) -> Observed {
    let mut observed = Observed::default();
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(PAUSE).await;
        let mut browser = server.browser();
        let answer = in_time(sign_in(&mut browser, &name, PASSWORD)).await;
        if !observed.count(&answer, 303) {
            assert_eq!(browser.session(), None);
            continue;
        }
        let token = browser.session().expect("not refused").to_owned();
        let answer = in_time(browser.post_logout()).await;
        if observed.count(&answer, 303) {
            assert_eq!(browser.session(), None);
            observed.ended.push((Instant::now(), token));
            first_end.notify_one();
        } else {
            assert_eq!(browser.session(), Some(token.as_str()));
        }
    }
    observed
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
    let first_end = Arc::new(Notify::new());
    let mut load = JoinSet::new();
    for token in &staying {
        load.spawn(read(Arc::clone(&server), token.clone(), Arc::clone(&over)));
    }
    for name in ["grace", "edith"] {
        load.spawn(sign_in_and_out(
            Arc::clone(&server),
            name.to_owned(),
            Arc::clone(&over),
            Arc::clone(&first_end),
        ));
    }

    tokio::time::sleep(Duration::from_secs(2)).await;
    let ended = tokio::time::timeout(Duration::from_secs(60), first_end.notified()).await;
    ended.expect("somebody signs out before the stop");
    let stopped = Instant::now();
    cluster.stop(how);
    assert_eq!(server.browser().get("/readyz").await.status, 503);
    the_process_is_well(&server).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    cluster.start().await;
    recovers(&server, &staying[0]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    over.store(true, Ordering::Relaxed);
    let observed = load
        .join_all()
        .await
        .into_iter()
        .fold(Observed::default(), Observed::with);

    assert!(
        observed.answered > 0 && observed.unavailable > 0,
        "nothing happened"
    );
    let before = observed
        .ended
        .iter()
        .filter(|(at, _)| *at < stopped)
        .count();
    assert!(before > 0, "no session ended before the stop");
    for (_, token) in &observed.ended {
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

/// The connection for notifications is reopened, and missed ends are found.
#[tokio::test(flavor = "multi_thread")]
async fn open_pages_are_notified_again_after_postgres_was_restarted() {
    let mut cluster = Cluster::new().await;
    let home = home_at(&cluster.url()).await;
    home.create_user("ada");
    let server = home.serve();
    for how in [Stop::Fast, Stop::Immediate] {
        let browser = server.signed_in("ada").await;
        let mut page = browser.watch().await;
        let event = page.lives().await;
        let name = event["session"].as_str().unwrap();
        cluster.stop(how);
        assert_eq!(browser.watch().await.answer.status, 503);
        the_process_is_well(&server).await;
        cluster.start().await;
        recovers(&server, browser.session().unwrap()).await;
        end_by_command(&home, name);
        let reason = tokio::time::timeout(NOTICE_TIMEOUT, page.ended()).await;
        assert_eq!(reason.expect("notified in time"), "ended_by_admin");
        assert_eq!(browser.watch().await.answer.status, 401);
    }
    let log = server.stop();
    assert!(!log.contains("panicked"), "{log}");
}

/// A lock of another program, such as a migration by hand.
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
    let started = Instant::now();
    let waiting = async |holder: &mut PgConnection| {
        let waiting = sqlx::query_scalar::<_, i64>(SQL).fetch_one(holder).await;
        waiting.unwrap()
    };
    while waiting(holder).await < CONNECTIONS {
        assert!(started.elapsed() < TIMEOUT, "there are connections left");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// This number of concurrent clients request a page repeatedly until the end. Returns their
/// answers.
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

/// Waits until the clients have left, each with a 503.
async fn nobody_was_let_in(crowd: JoinSet<Vec<Answer>>) {
    for answer in crowd.join_all().await.concat() {
        assert_unavailable(&answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_statement_is_answered_in_time_and_so_is_an_exhausted_pool() {
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

/// The machine of the database has lost its power, or a firewall has dropped the connections: no
/// limit of the database helps, and TCP would wait for a quarter of an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_database_is_answered_503_in_time_and_its_connections_are_closed() {
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
    relay.stall();
    over.store(true, Ordering::Relaxed);
    nobody_was_let_in(crowd).await;
    nobody_signs_in(&server).await;
    nobody_signs_out(&mut browser).await;
    the_process_is_well(&server).await;
    holder.close().await.unwrap();
    relay.resume();
    all_is_well(&server, &mut browser).await;
}

/// A follower of the audit log waits for the database, and reports it.
#[tokio::test(flavor = "multi_thread")]
async fn following_the_log_goes_on_after_postgres_was_stopped_and_started() {
    let mut cluster = Cluster::new().await;
    let home = home_at(&cluster.url()).await;
    home.create_user("ada");
    let mut following = home.start_quietly(&["activity", "--follow", "--json"]);
    let mut lines = BufReader::new(following.stdout.take().expect("a pipe")).lines();
    let mut errors = BufReader::new(following.stderr.take().expect("a pipe")).lines();
    assert!(lines.next().unwrap().unwrap().contains("user_created"));
    cluster.stop(Stop::Immediate);
    let line = errors.next().unwrap().unwrap();
    assert!(line.contains("still waiting"), "{line}");
    cluster.start().await;
    home.create_user("grace");
    assert!(lines.next().unwrap().unwrap().contains("grace"));
    following.kill().expect("a running command");
    following.wait().expect("it ends");
}
