//! Connections to PostgreSQL that lead nowhere, or to a server that takes no writes.

use super::{
    SECONDS_TO_RECOVER, SOON, assert_unavailable, cluster::Cluster, end_by_command, in_time,
    nobody_signs_out, postgres::home_at, recovers, relay::Relay, the_process_is_well,
};
use crate::{
    program::Home,
    support::database::{Engine, TestDatabase},
};
use sqlx::{Connection, PgConnection};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Two seconds, and twice as long again for a machine that is busy. Without the test of a connection each page
/// would wait five seconds and be refused, once for each connection.
const PAGE: Duration = Duration::from_secs(6);

/// As many as a pool has connections.
const CROWD: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_a_firewall_has_forgotten_cost_a_page_a_moment() {
    let cluster = Cluster::new().await;
    let relay = Relay::to(cluster.port()).await;
    let home = home_at(&cluster.url_at(relay.port)).await;
    home.create_user("ada");
    let server = Arc::new(home.serve());
    let browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut page = browser.watch().await;
    let said = page.lives().await;
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let (server, token) = (Arc::clone(&server), token.clone());
        crowd.spawn(async move { server.dashboard_with(&token).await.status });
    }
    // A machine that is busy may not make so many connections in time: some are enough.
    assert!(crowd.join_all().await.contains(&200));
    recovers(&server, &token).await;

    // New connections are passed on; those from before are never heard of again.
    relay.come_back();
    let asked = Instant::now();
    for _ in 0..5 {
        assert_eq!(in_time(server.dashboard_with(&token)).await.status, 200);
        assert!(asked.elapsed() < PAGE, "{:?}", asked.elapsed());
    }
    // Nor does the page that is open depend on the connection on which it was to be told.
    let name = said["session"].as_str().unwrap();
    let mut other = server.signed_in("ada").await;
    end_by_command(&home, name);
    let reason = tokio::time::timeout(SOON, page.ended()).await;
    assert_eq!(reason.expect("told soon"), "ended_by_admin");
    assert_eq!(
        (other.post_logout().await.status, other.session()),
        (303, None)
    );
}

/// As after a fail-over: the connections that were made in between go on taking no writes.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_take_no_writes_are_replaced() {
    let home = Home::new(TestDatabase::new(Engine::Postgres).await);
    home.create_user("ada");
    let server = home.serve();
    let mut browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut operator = PgConnection::connect(&home.database.address).await.unwrap();
    alter(&mut operator, "SET default_transaction_read_only = on").await;
    end_connections(&mut operator).await;
    recovers(&server, &token).await;
    nobody_signs_out(&mut browser).await;
    the_process_is_well(&server).await;
    recovers(&server, &token).await;

    alter(&mut operator, "RESET default_transaction_read_only").await;
    let over = Instant::now();
    loop {
        let answer = in_time(browser.post_logout()).await;
        if answer.status == 303 {
            break;
        }
        assert_unavailable(&answer);
        assert!(
            over.elapsed().as_secs() < SECONDS_TO_RECOVER,
            "it still writes nothing"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.refuses(&token).await;
}

/// All of this database, but for the operator's own.
async fn end_connections(operator: &mut PgConnection) {
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended: i64 = sqlx::query_scalar(ended).fetch_one(operator).await.unwrap();
    assert!(ended > 0, "the server had no connection");
}

/// A server that runs is not stopped by what an operator changes; they hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_beside_a_server_is_a_warning() {
    let cluster = Cluster::new().await;
    let home = home_at(&cluster.url()).await;
    home.create_user("ada");
    let server = home.serve();
    let browser = server.signed_in("ada").await;
    let mut operator = PgConnection::connect(&cluster.url()).await.unwrap();
    for change in [
        "ALTER SYSTEM SET full_page_writes = off",
        "ALTER DATABASE postgres SET synchronous_commit = off",
        "SELECT pg_reload_conf()",
    ] {
        sqlx::raw_sql(change).execute(&mut operator).await.unwrap();
    }
    end_connections(&mut operator).await;
    recovers(&server, browser.session().unwrap()).await;
    let log = server.log_with("Set full_page_writes = on in postgresql.conf.");
    // It is set to on for each connection, whatever the default is.
    assert!(!log.contains("synchronous_commit"), "{log}");
}

async fn alter(operator: &mut PgConnection, change: &str) {
    let sql = format!(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {change}', current_database()); END $$"
    );
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    sql.execute(operator).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_by_its_socket() {
    let cluster = Cluster::new().await;
    let home = home_at(&cluster.url_of_socket()).await;
    home.create_user("ada");
    home.run(&["config", "check"]).succeeds();
    let server = home.serve();
    let mut browser = server.signed_in("ada").await;
    assert_eq!(browser.post_logout().await.status, 303);
}

/// Answered is durable as far as the server's own settings go; the operator hears where they do not go far.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_keep_what_it_says_is_a_warning() {
    let cluster = Cluster::with(&["fsync=off", "full_page_writes=off"]).await;
    let home = home_at(&cluster.url()).await;
    let check = home.run(&["config", "check"]).succeeds();
    let server = home.serve();
    let log = server.log_with("full_page_writes = off");
    for setting in ["fsync", "full_page_writes"] {
        let remedy = format!("Set {setting} = on in postgresql.conf.");
        assert!(log.contains(&remedy), "{log}");
        assert!(check.stderr.contains(&remedy), "{}", check.stderr);
    }
    let sound = Home::new(TestDatabase::new(Engine::Postgres).await);
    assert_eq!(sound.run(&["config", "check"]).succeeds().stderr, "");
}
