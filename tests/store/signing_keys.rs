//! `store::signing_keys`.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use std::time::Duration;
use tokio::task::JoinSet;
use vestibule::{
    domain::moment::Timestamp,
    server::{
        db::Db,
        store::{self, signing_keys::SealedKey},
    },
};

const DAY: Duration = Duration::from_secs(86_400);

fn key(sealed_by: &str, number: i64, signs_from: Timestamp) -> SealedKey {
    SealedKey {
        id: format!("{sealed_by}-{number}"),
        sealed_by: sealed_by.to_owned(),
        number,
        sealed_key: "v1.sealed".to_owned(),
        public_key: "point".to_owned(),
        created_at: signs_from.before(DAY),
        signs_from,
    }
}

async fn insert(db: &Db, key: &SealedKey) {
    assert!(store::signing_keys::insert(db, key).await.unwrap());
}

async fn ids(db: &Db) -> Vec<String> {
    let keys = store::signing_keys::list(db).await.unwrap();
    keys.into_iter().map(|key| key.id).collect()
}

on_both_engines! {
    async fn keys_come_back_in_their_order(database: TestDatabase) {
        let db = support::core(&database).await.db;
        let keys = [key("a", 0, START), key("a", 1, START.after(DAY)), key("a", 10, START), key("b", 0, START)];
        for at in [2, 0, 3, 1] {
            insert(&db, &keys[at]).await;
        }
        assert_eq!(store::signing_keys::list(&db).await.unwrap(), keys);
    }

    /// Of several servers that make the next key at the same time, one does.
    async fn each_number_is_taken_once(database: TestDatabase) {
        let db = support::core(&database).await.db;
        for number in 0..10 {
            let mut making = JoinSet::new();
            for server in 0..6 {
                let db = db.clone();
                let made = SealedKey { id: format!("{number}-{server}"), ..key("a", number, START) };
                making.spawn(async move { store::signing_keys::insert(&db, &made).await.unwrap() });
            }
            let made = making.join_all().await;
            assert_eq!(made.iter().filter(|made| **made).count(), 1, "{number}");
        }
        assert_eq!(ids(&db).await.len(), 10);
    }

    /// A key stays until its successor has signed for a time, and the newest stays always.
    async fn replaced_keys_are_deleted(database: TestDatabase) {
        let db = support::core(&database).await.db;
        for key in [key("a", 0, START), key("a", 1, START.after(DAY)), key("a", 2, START.after(2 * DAY)), key("b", 0, START)] {
            insert(&db, &key).await;
        }
        let delete = async |before| store::signing_keys::delete_replaced(&db, before).await.unwrap();
        assert_eq!(delete(START.after(DAY).before(Duration::from_millis(1))).await, 0);
        assert_eq!(delete(START.after(DAY)).await, 1);
        assert_eq!(ids(&db).await, ["a-1", "a-2", "b-0"]);
        assert_eq!(delete(START.after(900 * DAY)).await, 1);
        assert_eq!(ids(&db).await, ["a-2", "b-0"]);
    }

    /// A clock was ahead for a while: the key that was made then must not wait until that time.
    async fn keys_of_the_future_sign_after_a_day(database: TestDatabase) {
        let db = support::core(&database).await.db;
        let future = START.after(400 * DAY);
        insert(&db, &key("a", 0, START)).await;
        insert(&db, &key("a", 1, future)).await;
        let reset = async || store::signing_keys::reset_future_times(&db, START, DAY).await.unwrap();
        assert_eq!(reset().await, 1);
        let keys = store::signing_keys::list(&db).await.unwrap();
        assert_eq!(keys[0], key("a", 0, START));
        assert_eq!(keys[1], key("a", 1, START.after(DAY)));
        assert_eq!(reset().await, 0);
        assert_eq!(given::texts(&db, "SELECT id FROM signing_keys").await.len(), 2);
    }
}
