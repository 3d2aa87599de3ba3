//! The words of an account: written with its names, and in steps for accounts of older versions.

use super::{
    account, crowd, names, pages, pages_backwards, pages_of,
    plans::{Value, assert_no_scan, plan},
};
use crate::{
    given::{self, credentials},
    on_both_engines,
    support::{self, START},
};
use std::time::Duration;
use vestibule::{
    domain::{
        actor::Actor,
        audit::Event,
        user::{UserFilter, UserSearch},
        views::EditDraft,
    },
    server::{
        core::{
            accounts::users,
            actor::on_this_machine,
            background::filling::{self, SignIns},
        },
        store::{
            self,
            users::{ANY_WITHOUT, BY_NAME, BY_NAME_BACKWARDS, Profile},
        },
    },
};

on_both_engines! {
    /// People search while the names of the last accounts are split. PostgreSQL does not know how few those are, and may
    /// read the accounts whose name begins as the word.
    async fn an_index_leads_to_accounts_whose_names_are_not_split(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 20_000).await;
        given::execute(&core.db, "UPDATE users SET words_of = NULL WHERE CAST(SUBSTR(id, 3) AS INTEGER) % 100 = 0").await;
        given::execute(&core.db, "ANALYZE").await;
        let (text, number) = (Value::Text, Value::Number);
        let indexes = ["users_without_words ", "users_without_words_by_email", "users_without_words_by_display_name"];
        let lists = BY_NAME.into_iter().map(|of_name| ("m7", of_name));
        let lists = lists.chain(BY_NAME_BACKWARDS.into_iter().map(|of_name| ("m2", of_name)));
        for ((bound, of_name), index) in lists.zip(indexes.into_iter().cycle()) {
            for sql in of_name {
                let plan = plan(&core.db, sql, &[text("m4"), text("id7"), text(bound), number(51)]).await;
                match database.engine {
                    Engine::Sqlite => {
                        assert_no_scan(database.engine, &plan, "users");
                        assert!(plan.contains(index), "{sql}:\n{plan}");
                    }
                    Engine::Postgres => assert!(!plan.contains("Seq Scan"), "{sql}:\n{plan}"),
                }
            }
        }
    }

    /// Every search asks whether there is such an account.
    async fn an_index_tells_whether_a_name_is_not_split(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 20_000).await;
        for few in [0, 20] {
            let sql = format!("UPDATE users SET words_of = NULL WHERE CAST(SUBSTR(id, 3) AS INTEGER) <= {few}");
            given::execute(&core.db, &sql).await;
            given::execute(&core.db, "ANALYZE").await;
            let plan = plan(&core.db, ANY_WITHOUT, &[]).await;
            assert!(plan.contains("users_without_words"), "{few}:\n{plan}");
        }
    }

    async fn a_changed_display_name_is_found_and_the_previous_is_not(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await.user;
        let profile = Profile { display_name: "Fair Countess", email: None, description: "" };
        let entry = given::entry(&core, Event::ProfileChanged, &ada.id);
        assert!(store::users::update_profile(&core.db, &ada.id, &profile, entry).await.unwrap());
        assert_eq!(names(&core, "COUNT").await, ["ada"]);
        assert!(names(&core, "some").await.is_empty());
        assert!(names(&core, "example").await.is_empty());
        // By an administrator.
        let draft = EditDraft { username: Some("augusta.king".to_owned()), ..EditDraft::default() };
        users::edit(&core, &on_this_machine(), &ada.id, &draft).await.unwrap();
        assert_eq!(names(&core, "king").await, ["augusta.king"], "at once");
        assert!(names(&core, "ada").await.is_empty());
        let draft = EditDraft { display_name: Some("Ada Lovelace".to_owned()), ..EditDraft::default() };
        users::edit(&core, &on_this_machine(), &ada.id, &draft).await.unwrap();
        assert_eq!(names(&core, "lovelace").await, ["augusta.king"]);
        assert!(names(&core, "countess").await.is_empty());
        store::users::delete(&core.db, &ada.id, START, &Actor::command()).await.unwrap();
        let left = given::texts(&core.db, "SELECT word FROM user_words").await;
        assert!(left.is_empty(), "{left:?}");
    }

    /// Its owner may change it after it was read.
    async fn a_display_name_that_changes_while_it_is_folded_is_kept(database: TestDatabase) {
        let core = support::core(&database).await;
        account(&core, "ada", None, "Ada").await;
        given::execute(&core.db, "UPDATE users SET display_name_key = NULL").await;
        let begin = if database.engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let sql = "UPDATE users SET display_name = 'Countess', display_name_key = 'countess'";
        let change = given::Writer::begin(&core.db, begin, sql).await;
        let db = core.db.clone();
        let folding = tokio::spawn(async move { store::users::fold_some_display_names(&db, 9).await });
        // Time to read the name and wait for the account.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!folding.is_finished());
        change.commit().await;
        assert_eq!(folding.await.unwrap().unwrap(), 1);
        assert_eq!(given::texts(&core.db, "SELECT display_name_key FROM users").await, ["countess"]);
    }

    /// Accounts of a previous version have no words, and the oldest no folded display name. They are found by the beginning
    /// of each name; the server splits them in steps, and nothing is lost meanwhile, on any page.
    async fn names_of_older_accounts_are_split(database: TestDatabase) {
        let core = support::core(&database).await;
        let number = 2 * store::users::ACCOUNTS_A_STEP + 1;
        for number in 0..number {
            account(&core, &format!("u{number}"), None, &format!("Ada ÉVA {number}")).await;
        }
        given::execute(&core.db, "DELETE FROM user_words").await;
        given::execute(&core.db, "UPDATE users SET words_of = NULL").await;
        let all = number as usize;
        for input in ["ada", "u", "ada éva", "ada u"] {
            assert_eq!(names(&core, input).await.len(), all, "{input}");
        }
        assert!(names(&core, "éva").await.is_empty());
        for step in [1, 20] {
            store::users::fill_some_words(&core.db, step).await.unwrap();
            for input in ["ada", "u", "ada éva"] {
                assert_eq!(names(&core, input).await.len(), all, "{input} while they are split");
                for limit in [1, 7, 20] {
                    let mut paged = pages(&core, input, limit).await.concat();
                    let mut backwards = pages_backwards(&core, &UserSearch::of(input, None), limit).await.concat();
                    paged.sort_unstable();
                    backwards.sort_unstable();
                    assert_eq!(paged, backwards, "{input} in pages of {limit}");
                    paged.dedup();
                    assert_eq!(paged.len(), all, "{input} in pages of {limit}");
                }
            }
        }
        given::execute(&core.db, "UPDATE users SET display_name_key = NULL WHERE username <> 'u0'").await;
        assert!(filling::fill(&core).await.unwrap() >= u64::from(number) - 21);
        for input in ["ada", "u", "éva", "éva ada", "u éva"] {
            assert_eq!(names(&core, input).await.len(), all, "{input}");
        }
        assert_eq!(filling::fill(&core).await.unwrap(), 0);
    }

    /// A server of the previous version changes names without their words.
    async fn names_that_an_older_server_changes_are_split_again(database: TestDatabase) {
        let core = support::core(&database).await;
        account(&core, "ada", None, "Ada King").await;
        given::execute(&core.db, "UPDATE users SET display_name = 'Ada Lovelace', display_name_key = 'ada lovelace'").await;
        assert!(names(&core, "king").await.is_empty(), "it is not called so");
        assert_eq!(names(&core, "ada love").await, ["ada"]);
        assert_eq!(filling::fill(&core).await.unwrap(), 1);
        assert_eq!(names(&core, "lovelace").await, ["ada"]);
        assert!(names(&core, "king").await.is_empty());
    }

    /// A joiner between letters of Persian, the selector behind an emoji: the search drops them, so the words do too.
    async fn names_with_invisible_characters_are_found_as_they_are_written(database: TestDatabase) {
        let core = support::core(&database).await;
        let name = "\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627} \u{2764}\u{fe0f}";
        let finds = async || {
            for input in name.split(' ').chain([name]) {
                assert_eq!(names(&core, input).await, ["ali"], "{input:?}");
            }
        };
        account(&core, "ali", None, name).await;
        finds().await;
        let ali = given::credentials(&core, "ali").await.user;
        let profile = Profile { display_name: name, email: None, description: "" };
        let entry = given::entry(&core, Event::ProfileChanged, &ali.id);
        assert!(store::users::update_profile(&core.db, &ali.id, &profile, entry).await.unwrap());
        finds().await;
        // A server of a previous version has written it.
        given::execute(&core.db, &format!("UPDATE users SET display_name_key = '{name}'")).await;
        assert_eq!(filling::fill(&core).await.unwrap(), 1);
        finds().await;
        given::execute(&core.db, "UPDATE users SET display_name_key = NULL, words_of = NULL").await;
        assert_eq!(filling::fill(&core).await.unwrap(), 1);
        finds().await;
    }

    /// A server of the previous version starts a session without a word to the account.
    async fn sign_ins_on_an_older_server_are_recorded(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, bob) = (given::account(&core, "ada").await, given::account(&core, "bob").await);
        given::account(&core, "eve").await;
        let as_older = async |user: &store::users::Credentials, at| {
            let columns = given::texts(&core.db, "SELECT username || COALESCE(CAST(last_sign_in_at AS TEXT), 'NULL') FROM users").await;
            given::session_at(&core, user, at).await;
            for column in columns {
                let (name, at) = column.split_at(3);
                let sql = format!("UPDATE users SET last_sign_in_at = {at}, has_signed_in = {} WHERE username = '{name}'", at != "NULL");
                given::execute(&core.db, &sql).await;
            }
        };
        let never = async || {
            let search = UserSearch::of("", Some(UserFilter::NeverSignedIn));
            pages_of(&core, &search, 50).await.concat()
        };
        let last = async |name: &str| given::credentials(&core, name).await.user.last_sign_in_at;
        let mut sign_ins = SignIns::default();
        as_older(&ada, START).await;
        assert_eq!((never().await, last("ada").await), (vec!["ada".to_owned(), "bob".to_owned(), "eve".to_owned()], None));
        assert_eq!(sign_ins.record_missed(&core).await.unwrap(), 1);
        assert_eq!((never().await, last("ada").await), (vec!["bob".to_owned(), "eve".to_owned()], Some(START)));
        let later = START.after(Duration::from_secs(3_600));
        core.clock.set(later);
        as_older(&bob, later).await;
        as_older(&ada, later).await;
        assert_eq!(sign_ins.record_missed(&core).await.unwrap(), 2);
        assert_eq!((never().await, last("ada").await, last("bob").await), (vec!["eve".to_owned()], Some(later), Some(later)));
        assert_eq!(sign_ins.record_missed(&core).await.unwrap(), 0);
        assert_eq!(SignIns::default().record_missed(&core).await.unwrap(), 0, "after a restart");
        // The log has the time before a commit, which may come after a later one.
        let earlier = later.before(Duration::from_secs(60));
        as_older(&credentials(&core, "eve").await, earlier).await;
        assert_eq!((sign_ins.record_missed(&core).await.unwrap(), last("eve").await), (1, Some(earlier)));
        // One that is not complete yet gets its last sign-in with the rest.
        given::execute(&core.db, "UPDATE users SET last_sign_in_at = NULL, has_signed_in = NULL, words_of = NULL").await;
        assert_eq!((SignIns::default().record_missed(&core).await.unwrap(), last("eve").await), (0, None));
        assert_eq!((filling::fill(&core).await.unwrap(), last("eve").await), (3, Some(earlier)));
    }

    /// A whole step of them leads to nobody.
    async fn all_sign_ins_of_the_log_are_read_after_a_start(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let crowd = format!(
            "INSERT INTO activity (id, at, event, source, address, user_agent, times) \
             WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {}) \
             SELECT 'crowd ' || number, 1, 'signed_in', 'browser', '', '', 1 FROM numbers",
            store::STEP
        );
        given::execute(&core.db, &crowd).await;
        given::session(&core, &ada).await;
        given::execute(&core.db, "UPDATE users SET last_sign_in_at = NULL, has_signed_in = FALSE").await;
        assert_eq!(SignIns::default().record_missed(&core).await.unwrap(), 1);
        assert_eq!(credentials(&core, "ada").await.user.last_sign_in_at, Some(START));
    }

    /// Its owner may sign in after the log was read.
    async fn a_missed_sign_in_hides_no_later_one(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::session(&core, &ada).await;
        given::execute(&core.db, "UPDATE users SET last_sign_in_at = NULL, has_signed_in = FALSE").await;
        let begin = if database.engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let later = START.after(Duration::from_secs(1));
        let sql = format!("UPDATE users SET last_sign_in_at = {}, has_signed_in = TRUE", later.as_millis());
        let sign_in = given::Writer::begin(&core.db, begin, &sql).await;
        let again = core.clone();
        let recording = tokio::spawn(async move { SignIns::default().record_missed(&again).await });
        // Time to read the log and wait for the account.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!recording.is_finished());
        sign_in.commit().await;
        assert_eq!(recording.await.unwrap().unwrap(), 0);
        assert_eq!(credentials(&core, "ada").await.user.last_sign_in_at, Some(later));
    }
}
