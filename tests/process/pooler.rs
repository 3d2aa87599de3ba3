//! Behind the real PgBouncer, which shares connections between sessions or between transactions.

mod bouncer;

use crate::{
    faults::cluster::{Cluster, Stop},
    program::{Home, Server, sign_in},
    support::PASSWORD,
};
use bouncer::{Bouncer, Mode};
use sqlx::{Connection, PgConnection};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Enough concurrent requests to share the few connections of a pooler.
const CROWD: usize = 8;

/// Anything that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A PostgreSQL server with unsafe defaults.
async fn cluster() -> Cluster {
    let cluster = Cluster::new().await;
    let mut operator = PgConnection::connect(&cluster.url()).await.unwrap();
    for change in [
        "ALTER DATABASE postgres SET synchronous_commit = off",
        "ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'",
        // So that commits that are not durable are certainly lost.
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(change).execute(&mut operator).await.unwrap();
    }
    cluster
}

async fn home(cluster: &Cluster, bouncer: &Bouncer, mode: Mode) -> Home {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_DATABASE_URL", &cluster.url_at(bouncer.port()))
        // One account signs in often and concurrently.
        .with("VESTIBULE_THROTTLE__ACCOUNT_FAILURES", "100");
    match mode {
        Mode::Session => home,
        Mode::Transaction => home
            .with("VESTIBULE_DATABASE_POOLER", "true")
            .with("VESTIBULE_DATABASE_DIRECT_URL", &cluster.url()),
    }
}

/// Signs this many people in concurrently, each of whom opens a page and, except the last, signs
/// out. Returns the token of the one who stays.
async fn sign_in_and_out(server: &Arc<Server>) -> String {
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let server = Arc::clone(server);
        crowd.spawn(async move {
            let mut browser = server.browser();
            let answer = sign_in(&mut browser, "ada", PASSWORD).await;
            assert_eq!(answer.status, 303, "{}", answer.text());
            let token = browser.session().expect("signed in").to_owned();
            assert_eq!(server.dashboard_with(&token).await.status, 200);
            if number + 1 == CROWD {
                return Some(token);
            }
            assert_eq!(browser.post_logout().await.status, 303);
            server.refuses(&token).await;
            None
        });
    }
    let mut tokens = crowd.join_all().await.into_iter().flatten();
    tokens.next().expect("one stays")
}

/// All actions of people and commands, and that an open page is notified at once.
async fn all_goes_on(mode: Mode) {
    let cluster = cluster().await;
    let bouncer = Bouncer::start(&cluster, mode);
    let home = home(&cluster, &bouncer, mode).await;
    home.create_user("ada");
    home.run(&["config", "check"]).succeeds();
    let server = Arc::new(home.serve());
    let token = sign_in_and_out(&server).await;
    server.lets_in(&token).await;
    let mut page = server.signed_in("ada").await.watch().await;
    page.lives().await;
    home.run(&["session", "end", "--user", "ada"]).succeeds();
    let reason = tokio::time::timeout(TIMEOUT, page.ended()).await;
    assert_eq!(reason.expect("notified"), "ended_by_admin");
    server.refuses(&token).await;
    home.run(&["activity"]).succeeds();
    let server = Arc::into_inner(server).expect("the crowd has gone");
    let log = server.stop();
    for word in ["panicked", "prepared statement", "ERROR"] {
        assert!(!log.contains(word), "{word}:\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_session_pooler_everything_works() {
    all_goes_on(Mode::Session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_transaction_pooler_everything_works() {
    all_goes_on(Mode::Transaction).await;
}

/// The database's own default would lose them: the settings of a session or a transaction count.
async fn answered_is_kept(mode: Mode) {
    let mut cluster = cluster().await;
    let bouncer = Bouncer::start(&cluster, mode);
    let home = home(&cluster, &bouncer, mode).await;
    home.create_user("ada");
    let server = home.serve();
    let (mut live, mut over) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        over.push(server.signed_in("ada").await);
    }
    for browser in &mut over {
        let token = browser.session().unwrap().to_owned();
        assert_eq!(browser.post_logout().await.status, 303);
        live.push((server.signed_in("ada").await, token));
    }
    cluster.stop(Stop::Immediate);
    cluster.start().await;
    let started = Instant::now();
    while server.browser().get("/readyz").await.status != 200 {
        assert!(started.elapsed() < TIMEOUT, "it does not recover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (browser, ended) in &live {
        server.lets_in(browser.session().unwrap()).await;
        server.refuses(ended).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_session_pooler_a_crash_undoes_nothing_answered() {
    answered_is_kept(Mode::Session).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_transaction_pooler_a_crash_undoes_nothing_answered() {
    answered_is_kept(Mode::Transaction).await;
}

/// It would lose the settings of a session, silently.
#[tokio::test(flavor = "multi_thread")]
async fn an_undeclared_transaction_pooler_is_refused_with_the_remedy() {
    let cluster = cluster().await;
    let bouncer = Bouncer::start(&cluster, Mode::Transaction);
    let home = home(&cluster, &bouncer, Mode::Session).await;
    home.run(&["user", "list"])
        .fails(1, &["Set database_pooler = true", "pool_mode = session"]);
    // The direct address must not lead to another database: an open page would never be notified.
    let other = Cluster::new().await;
    let misdirected = home
        .with("VESTIBULE_DATABASE_POOLER", "true")
        .with("VESTIBULE_DATABASE_DIRECT_URL", &other.url());
    misdirected
        .run(&["user", "list"])
        .fails(1, &["`database_direct_url` leads to another database"]);
}
