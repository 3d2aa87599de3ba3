//! `vestibule session …`.

use crate::{on_both_engines, program::Home};

on_both_engines! {
    async fn sessions_are_listed_for_programs_and_for_people(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        home.create_user("grace");
        assert_eq!(home.run(&["session", "list", "--json"]).succeeds().stdout, "");
        let server = home.serve();
        let mut ada = server.signed_in("ada").await;
        let grace = server.signed_in("grace").await;
        ada.post_form("/api/logout", &[]).await;

        let all = home.run(&["session", "list", "--json"]).succeeds();
        for secret in [ada.session(), grace.session()].into_iter().flatten() {
            assert!(!all.stdout.contains(secret), "a list holds no token");
        }
        let all = all.json();
        assert_eq!(all.len(), 2);
        for session in &all {
            for key in ["id", "user", "created_at", "last_seen_at", "ended_at", "end_reason", "remember", "address"] {
                assert!(session.get(key).is_some(), "{key} is missing in {session}");
            }
            let created = session["created_at"].as_str().unwrap();
            assert!(created.ends_with('Z') && created.contains('T'), "RFC 3339: {created}");
            assert_eq!(session["address"], "127.0.0.1");
        }
        assert_eq!((&all[0]["user"], &all[1]["user"]), (&"grace".into(), &"ada".into()), "the newest first");
        assert!(all[0]["ended_at"].is_null());
        assert_eq!(all[1]["end_reason"], "signed_out");

        let live = home.run(&["session", "list", "--live", "--json"]).succeeds().json();
        assert_eq!(live, all[..1]);
        let of_ada = home.run(&["session", "list", "--user", "ADA", "--json"]).succeeds().json();
        assert_eq!(of_ada, all[1..]);
        home.run(&["session", "list", "--user", "nobody"]).fails(1, &["there is no account"]);

        let table = home.run(&["session", "list"]).succeeds().stdout;
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(table.starts_with("ID ") && table.contains("signed_out"), "{table}");
        assert!(table.contains(all[0]["id"].as_str().unwrap()), "{table}");
    }

    async fn sessions_are_ended_by_id_and_by_account(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let server = home.serve();
        for _ in 0..3 {
            server.signed_in("ada").await;
        }
        let reasons = || {
            let listed = home.run(&["session", "list", "--json"]).succeeds().json();
            listed.iter().map(|session| session["end_reason"].clone()).collect::<Vec<_>>()
        };
        let listed = home.run(&["session", "list", "--json"]).succeeds().json();
        let id = listed[1]["id"].as_str().unwrap();
        home.run(&["session", "end", id]).succeeds().reports("has ended");
        assert_eq!(reasons(), [None, Some("ended_by_admin"), None].map(serde_json::Value::from));
        home.run(&["session", "end", id]).succeeds().reports("had already ended");
        home.run(&["session", "end", "--user", "ada"]).succeeds().reports("Ended 2 sessions of ada");
        assert_eq!(reasons(), ["ended_by_admin"; 3]);
        home.run(&["session", "end", "no-such-id"]).fails(1, &["there is no session with this id"]);
        home.run(&["session", "end", "--user", "nobody"]).fails(1, &["there is no account"]);
        home.run(&["session", "end"]).fails(2, &["required"]);
        home.run(&["session", "end", id, "--user", "ada"]).fails(2, &["cannot be used with"]);
    }
}
