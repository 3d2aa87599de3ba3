//! The memory of hashing is bounded, for any stored hash and any request (ASVS V15.2.2).

use crate::{program::Home, program::sign_in, support::PASSWORD};
use argon2::{Argon2, Params, PasswordHasher};
use sqlx::Connection;

/// A hash as another program may have stored it.
fn hash_of(memory_kib: u32) -> String {
    let params = Params::new(memory_kib, 1, 1, Some(32)).unwrap();
    let hash =
        Argon2::from(params).hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen salt 016");
    hash.unwrap().to_string()
}

/// Workspaces that grow and shrink left 390 MB behind after twenty such checks.
#[tokio::test(flavor = "multi_thread")]
async fn larger_stored_hashes_do_not_make_the_memory_grow() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_THROTTLE__ACCOUNT_FAILURES", "100")
        .with("VESTIBULE_HASHING__MEMORY_MIB", "38");
    let mut database = sqlx::SqliteConnection::connect(&home.database.address);
    for (name, memory_kib) in [("medium", 24 * 1024), ("large", 64 * 1024)] {
        home.create_user(name);
        let mut connection = database.await.unwrap();
        sqlx::query("UPDATE users SET password_hash = $1 WHERE username = $2")
            .bind(hash_of(memory_kib))
            .bind(name)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        database = sqlx::SqliteConnection::connect(&home.database.address);
    }
    let server = home.serve();
    let check = async |times: usize| {
        for _ in 0..times {
            let both = ["medium", "large"].map(|name| {
                let mut browser = server.browser();
                tokio::spawn(
                    async move { sign_in(&mut browser, name, "a wrong password").await.status },
                )
            });
            for answer in both {
                assert_eq!(answer.await.unwrap(), 303);
            }
        }
        server.resident_kib()
    };
    let after_a_few = check(8).await;
    let after_many = check(32).await;
    assert!(
        after_many < after_a_few + 20 * 1024,
        "{after_a_few} KiB and then {after_many} KiB"
    );
}
