//! Dead connections to PostgreSQL, and connections to a server that takes no writes.

use super::{
    NOTICE_TIMEOUT, SECONDS_TO_RECOVER, assert_unavailable, cluster::Cluster, end_by_command,
    in_time, nobody_signs_out, postgres::home_at, recovers, relay::Relay, the_process_is_well,
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

/// Two seconds, and twice as long again for a busy machine. Without the test of a connection each
/// page would wait five seconds and be refused, once for each connection.
const PAGE: Duration = Duration::from_secs(6);

/// The number of connections of a pool.
const CROWD: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn connections_dropped_by_a_firewall_delay_one_page() {
    let cluster = Cluster::new().await;
    let relay = Relay::to(cluster.port()).await;
    let home = home_at(&cluster.url_at(relay.port)).await;
    home.create_user("ada");
    let server = Arc::new(home.serve());
    let browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut page = browser.watch().await;
    let event = page.lives().await;
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let (server, token) = (Arc::clone(&server), token.clone());
        crowd.spawn(async move { server.dashboard_with(&token).await.status });
    }
    // A busy machine may not open all connections in time: some are enough.
    assert!(crowd.join_all().await.contains(&200));
    recovers(&server, &token).await;

    // New connections are forwarded; old ones are silent from now on.
    relay.resume();
    let asked = Instant::now();
    for _ in 0..5 {
        assert_eq!(in_time(server.dashboard_with(&token)).await.status, 200);
        assert!(asked.elapsed() < PAGE, "{:?}", asked.elapsed());
    }
    // The open page does not depend on the dead notification connection either.
    let name = event["session"].as_str().unwrap();
    let mut other = server.signed_in("ada").await;
    end_by_command(&home, name);
    let reason = tokio::time::timeout(NOTICE_TIMEOUT, page.ended()).await;
    assert_eq!(reason.expect("notified in time"), "ended_by_admin");
    assert_eq!(
        (other.post_logout().await.status, other.session()),
        (303, None)
    );
}

/// As after a failover: the connections opened in between continue to take no writes.
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

/// All of this database, except the operator's own.
async fn end_connections(operator: &mut PgConnection) {
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended: i64 = sqlx::query_scalar(ended).fetch_one(operator).await.unwrap();
    assert!(ended > 0, "the server had no connection");
}

/// A running server is not stopped by an operator's change; the log reports it.
#[tokio::test(flavor = "multi_thread")]
async fn a_setting_changed_beside_a_server_is_a_warning() {
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
    // Each connection sets it to on, for any default.
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

/// Durability depends on the server's own settings; the operator is warned about weak ones.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_fsync_is_a_warning() {
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
    let check = sound.run(&["config", "check"]).succeeds().stderr;
    assert!(!check.contains("postgresql.conf"), "{check}");
}
