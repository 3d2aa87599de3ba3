//! PostgreSQL without its standby: a commit waits indefinitely, and no limit of the database
//! applies to it.

use super::{
    NOTICE_TIMEOUT, assert_unavailable,
    cluster::Cluster,
    in_time,
    postgres::{TIMEOUT, home_at},
    relay::Relay,
    the_process_is_well,
};
use crate::{
    program::{Server, sign_in},
    support::{
        PASSWORD,
        http::{Answer, Browser, Events},
    },
};
use sqlx::{Connection, PgConnection};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::timeout};

/// A request that does not wait takes far less, also on a busy machine; a commit is given longer.
const MAX_LATENCY: Duration = Duration::from_secs(4);

/// This many connections of a server write.
const WRITERS: i64 = 10;

/// And at most this many are opened: readers, writers, and one for notifications.
const CONNECTIONS: i64 = 31;

async fn execute(url: &str, sql: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

async fn count(url: &str, sql: &'static str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

/// From here on no commit is answered.
async fn remove_standby(cluster: &Cluster) {
    let url = cluster.url();
    execute(&url, "CREATE TABLE probe (n INT)").await;
    execute(
        &url,
        "ALTER SYSTEM SET synchronous_standby_names = 'absent'",
    )
    .await;
    execute(&url, "SELECT pg_reload_conf()").await;
    let started = Instant::now();
    while timeout(
        Duration::from_millis(500),
        execute(&url, "INSERT INTO probe VALUES (1)"),
    )
    .await
    .is_ok()
    {
        assert!(started.elapsed() < TIMEOUT, "commits are answered");
    }
}

async fn restore_standby(cluster: &Cluster) {
    execute(
        &cluster.url(),
        "ALTER SYSTEM RESET synchronous_standby_names",
    )
    .await;
    execute(&cluster.url(), "SELECT pg_reload_conf()").await;
}

async fn make_last_seen_due(cluster: &Cluster) {
    execute(
        &cluster.url(),
        "UPDATE sessions SET last_seen_at = last_seen_at - 300000",
    )
    .await;
}

async fn waiting_for_the_standby(url: &str) -> i64 {
    const SQL: &str = "SELECT count(*) FROM pg_stat_activity \
        WHERE application_name = 'vestibule' AND wait_event = 'SyncRep'";
    count(url, SQL).await
}

async fn readyz(server: &Server) -> u16 {
    server.browser().get("/readyz").await.status
}

async fn becomes_ready(server: &Server) {
    let started = Instant::now();
    while readyz(server).await != 200 {
        assert!(started.elapsed() < NOTICE_TIMEOUT, "not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn reads_without_waiting(server: &Server, token: &str) {
    let asked = Instant::now();
    server.lets_in(token).await;
    assert!(
        asked.elapsed() < MAX_LATENCY,
        "it waited {:?}",
        asked.elapsed()
    );
}

/// Accounts with ada's password.
async fn add_people(cluster: &Cluster) {
    const SQL: &str = "INSERT INTO users (id, username, username_key, display_name, description, is_admin, \
        password_hash, created_at, display_name_key) SELECT 'u' || n, 'user' || n, 'user' || n, '', '', FALSE, \
        password_hash, created_at, '' FROM users, generate_series(1, 12) n WHERE username = 'ada'";
    execute(&cluster.url(), SQL).await;
}

/// Each answer has to be a 503, and reads continue meanwhile.
async fn all_are_put_off(mut asking: JoinSet<Answer>, server: &Server, reader: &str) {
    while !asking.is_empty() {
        reads_without_waiting(server, reader).await;
        while let Some(answer) = asking.try_join_next() {
            assert_unavailable(&answer.unwrap());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_standby_people_read_on_and_no_change_is_answered_as_done() {
    let cluster = Cluster::new().await;
    let (url, home) = (cluster.url(), home_at(&cluster.url()).await);
    home.create_user("ada");
    add_people(&cluster).await;
    let server = Arc::new(home.serve());
    let mut first = server.signed_in("ada").await;
    let left = first.session().unwrap().to_owned();
    let (mut leaving, mut changing) = (Vec::new(), Vec::new());
    for number in 1..=12 {
        changing.push(server.signed_in(&format!("user{number}")).await);
    }
    for _ in 0..4 {
        leaving.push(server.signed_in("ada").await);
    }
    let reader = changing[0].session().unwrap().to_owned();
    let mut page = first.watch().await;
    let before = page.lives().await["idle_ends_at"].clone();
    make_last_seen_due(&cluster).await;
    remove_standby(&cluster).await;

    for one in changing.iter().chain(&leaving).chain([&first]) {
        reads_without_waiting(&server, one.session().unwrap()).await;
    }
    assert_eq!(
        readyz(&server).await,
        200,
        "no request has met the fault yet"
    );
    let event = timeout(NOTICE_TIMEOUT, page.lives())
        .await
        .expect("notified of its use");
    assert_ne!(
        event["idle_ends_at"], before,
        "no standby is waited for with that"
    );

    // The session with a due "last seen" reaches its commit, and no answer reports success.
    let asked = Instant::now();
    assert_unavailable(&in_time(first.post_logout()).await);
    assert!(
        asked.elapsed() < Duration::from_secs(12),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(first.session(), Some(left.as_str()), "the cookie is kept");
    assert_eq!(
        readyz(&server).await,
        503,
        "it reports that it cannot write"
    );

    // Other ends wait behind the first one, which holds the lock of all notifications: nothing
    // happens to these sessions.
    let mut asking = JoinSet::new();
    for mut one in leaving {
        asking.spawn(async move { in_time(one.post_logout()).await });
    }
    all_are_put_off(asking, &server, &reader).await;
    let mut asking = JoinSet::new();
    for mut one in changing {
        asking.spawn(async move { in_time(change_profile(&mut one)).await });
    }
    all_are_put_off(asking, &server, &reader).await;
    assert_eq!(
        waiting_for_the_standby(&url).await,
        WRITERS,
        "as many as there are connections"
    );
    const ALL: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'vestibule'";
    assert!(count(&url, ALL).await <= CONNECTIONS);
    // All connections are used: the next one is answered at once.
    let asked = Instant::now();
    assert_unavailable(&in_time(first.post_logout()).await);
    assert!(
        asked.elapsed() < MAX_LATENCY,
        "it waited {:?}",
        asked.elapsed()
    );
    reads_without_waiting(&server, &reader).await;
    the_process_is_well(&server).await;

    home.run(&["user", "promote", "ada"])
        .fails(1, &["not known"]);
    home.run(&["session", "end", "--user", "ada"])
        .fails(1, &["no answer"]);

    restore_standby(&cluster).await;
    becomes_ready(&server).await;
    let reason = timeout(NOTICE_TIMEOUT, end_of(&mut page)).await;
    assert_eq!(reason.expect("its page is notified"), "signed_out");
    server.refuses(&left).await;
    const CHANGED: &str = "SELECT count(*) FROM users WHERE display_name = 'Countess'";
    assert!(
        count(&url, CHANGED).await >= WRITERS - 2,
        "but for the end, and where the clean-up held a connection"
    );
    home.run(&["user", "promote", "ada"])
        .succeeds()
        .reports("already");
    let mut again = server.signed_in("ada").await;
    assert_eq!(again.post_logout().await.status, 303);
    let log = server.log_with("the database takes writes again");
    assert!(log.contains("the database takes no writes"), "{log}");
    assert!(log.contains("has been committed"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

/// The reason of the end of this page's session, after any other events.
async fn end_of(page: &mut Events) -> serde_json::Value {
    loop {
        let (name, data) = page.next().await.expect("a last event");
        if name == "ended" {
            return data["reason"].clone();
        }
    }
}

async fn change_profile(browser: &mut Browser) -> Answer {
    let input = [
        ("display_name", "Countess"),
        ("email", ""),
        ("description", ""),
    ];
    browser.post_form("/api/update_profile", &input).await
}

/// The answer to a commit is lost: its slot is released when the server no longer works on it.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_releases_its_slot() {
    let cluster = Cluster::new().await;
    let relay = Relay::to(cluster.port()).await;
    let home = home_at(&cluster.url_at(relay.port)).await;
    home.create_user("ada");
    let server = home.serve();
    let mut browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    remove_standby(&cluster).await;
    assert_unavailable(&in_time(browser.post_logout()).await);
    assert_eq!(readyz(&server).await, 503);
    relay.stall();
    restore_standby(&cluster).await;
    // Committed, and the answer was lost.
    let started = Instant::now();
    while waiting_for_the_standby(&cluster.url()).await > 0 {
        assert!(started.elapsed() < TIMEOUT, "it still waits");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    relay.resume();
    // Old idle connections are dead as well, and found one by one.
    let started = Instant::now();
    let is_over =
        async || readyz(&server).await == 200 && server.dashboard_with(&token).await.status == 303;
    while !is_over().await {
        assert!(started.elapsed() < TIMEOUT, "its slot is not released");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut again = server.browser();
    while in_time(sign_in(&mut again, "ada", PASSWORD)).await.status != 303 {
        assert!(started.elapsed() < TIMEOUT, "nothing is written");
    }
    assert_eq!(again.post_logout().await.status, 303);
}
