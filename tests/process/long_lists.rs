//! `vestibule session list` and `user list` with more rows than are read at once.

use crate::{on_both_engines, program::Home, support::database::texts};
use vestibule::server::db::{self, IfMissing};

/// More than two pages of the query.
const MANY: usize = 1_100;
/// Each fifth of them.
const ENDED: usize = MANY / 5;

/// Sessions of ada, older and newer.
async fn crowd(home: &Home) {
    let db = db::open(&home.database.url(), IfMissing::Refuse)
        .await
        .unwrap();
    let insert = format!(
        "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, authenticated_at, \
         idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device, ended_at, end_reason) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) \
         SELECT '0' || (10000 + i), 'digest ' || i, (SELECT id FROM users), i, i, i, 9000000000000, \
         9000000000000, FALSE, '192.0.2.1', '', FALSE, CASE WHEN i % 5 = 0 THEN i END, \
         CASE WHEN i % 5 = 0 THEN 'signed_out' END FROM n RETURNING id"
    );
    assert_eq!(texts(&db, &insert).await.len(), MANY);
    db.close().await;
}

on_both_engines! {
    async fn more_sessions_than_are_held_at_once_are_listed(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        crowd(&home).await;
        let newest_first: Vec<_> = (1..=MANY).rev().map(|i| format!("0{}", 10_000 + i)).collect();
        for of in [&[][..], &["--user", "ada"]] {
            let arguments = [&["session", "list", "--json"], of].concat();
            let listed = home.run(&arguments).succeeds().json();
            let ids: Vec<_> = listed.iter().map(|session| session["id"].as_str().unwrap()).collect();
            assert_eq!(ids, newest_first);
        }
        let live = home.run(&["session", "list", "--live", "--json"]).succeeds().json();
        assert_eq!(live.len(), MANY - ENDED);
        let would_end = home.run(&["session", "end", "--all", "--dry-run", "--json"]).succeeds().json();
        assert_eq!(would_end, live);

        let table = home.run(&["session", "list"]).succeeds().stdout;
        let mut lines = table.lines();
        let headings = lines.next().unwrap();
        assert!(headings.starts_with("ID ") && headings.contains(" SINCE "), "{headings}");
        let since = headings.find("SINCE").unwrap();
        let columns: Vec<_> = lines.map(|line| (line.split(' ').next().unwrap(), &line[since..since + 20])).collect();
        let ids: Vec<_> = columns.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, newest_first, "each once, under headings that stand there once");
        assert!(columns.iter().all(|(_, since)| since.starts_with("1970-01-01T00:00:0")), "{table}");
    }

    async fn more_accounts_than_are_held_at_once_are_listed(database: TestDatabase) {
        let home = Home::new(database);
        let db = db::open(&home.database.url(), IfMissing::Create).await.unwrap();
        let insert = format!(
            "INSERT INTO users (id, username, username_key, display_name, description, is_admin, password_hash, created_at) \
             WITH RECURSIVE n (i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
             SELECT 'id' || i, 'name' || i, 'name' || i, '', '', FALSE, '', i FROM n RETURNING username",
            10_000 + MANY
        );
        let mut names = texts(&db, &insert).await;
        names.sort_unstable();
        db.close().await;
        let listed = home.run(&["user", "list", "--json"]).succeeds().json();
        let listed: Vec<_> = listed.iter().map(|user| user["username"].as_str().unwrap()).collect();
        assert_eq!(listed, names);
        let table = home.run(&["user", "list", "--search", "name1"]).succeeds().stdout;
        let mut lines = table.lines();
        let headings = lines.next().unwrap();
        assert!(headings.starts_with("USERNAME "), "{headings}");
        let role = headings.find("ROLE").unwrap();
        let rows: Vec<_> = lines.map(|line| (line.split(' ').next().unwrap(), &line[role..role + 6])).collect();
        assert!(rows.iter().all(|(_, role)| *role == "member"), "{table}");
        assert_eq!(rows.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "each once");
    }
}
