//! `store::keys`.

use crate::{on_both_engines, support};
use tokio::task::JoinSet;
use vestibule::server::{db::StoreError, store, token::ServerKey};

on_both_engines! {
    /// Servers that start together on an empty database use the same key.
    async fn many_at_once_get_one_key(database: TestDatabase) {
        let core = support::core(&database).await;
        let mut asking = JoinSet::new();
        for _ in 0..8 {
            let db = core.db.clone();
            asking.spawn(async move { store::keys::find_or_insert(&db, "race").await.unwrap().to_text() });
        }
        let mut keys = asking.join_all().await;
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 1);
        let again = store::keys::find_or_insert(&core.db, "race").await.unwrap();
        assert_eq!(again.to_text(), keys[0], "and it stays");
        let other = store::keys::find_or_insert(&core.db, "another").await.unwrap();
        assert_ne!(other.to_text(), keys[0]);
    }

    async fn a_damaged_key_is_an_error(database: TestDatabase) {
        let core = support::core(&database).await;
        crate::given::execute(&core.db, "INSERT INTO keys VALUES ('damaged', 'x')").await;
        let outcome = store::keys::find_or_insert(&core.db, "damaged").await;
        assert!(matches!(outcome, Err(StoreError::Corrupt { table: "keys", .. })), "{outcome:?}");
    }
}

#[test]
fn one_name_under_two_keys_is_two_digests() {
    let (one, other) = (ServerKey::random(), ServerKey::random());
    assert_eq!(one.digest("name:", "ada"), one.digest("name:", "ada"));
    assert_ne!(one.digest("name:", "ada"), other.digest("name:", "ada"));
    assert_ne!(one.digest("name:", "ada"), one.digest("other:", "ada"));
    assert!(!format!("{one:?}").contains(&one.to_text()));
}
