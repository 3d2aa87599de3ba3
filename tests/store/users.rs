//! `store::users`.

use crate::{
    on_both_engines,
    support::{self, START},
};
use vestibule::{domain::user::LookupKey, server::store};

on_both_engines! {
    /// Name and e-mail lead to the same account, in any spelling.
    async fn an_account_is_found_by_name_and_by_email(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        for typed in ["ada", "ADA", "Ada@Example.ORG", " ada "] {
            let found = store::users::find_credentials(&core.db, &LookupKey::of(typed)).await.unwrap();
            assert_eq!(found.expect(typed).user.username, "ada");
        }
        assert!(store::users::find_credentials(&core.db, &LookupKey::of("grace")).await.unwrap().is_none());
        assert_eq!(core.clock.now(), START);
    }
}
