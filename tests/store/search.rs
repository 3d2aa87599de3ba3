//! Pages of accounts and of the audit log, and searches, on both engines.

mod filling;
mod plans;

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use vestibule::{
    domain::{
        actor::Actor,
        moment::Timestamp,
        user::{Email, UserFilter, UserId, UserSearch, Username},
    },
    server::{
        core::Core,
        db::Pool,
        store::{
            self,
            audit::{Cursor, Filter},
            users::NewUser,
        },
        token,
    },
};

async fn account(core: &Core, name: &str, email: Option<&str>, display_name: &str) {
    let email = email.map(|email| Email::parse(email).unwrap());
    let user = NewUser {
        id: token::new_user_id(),
        username: &Username::parse(name).unwrap(),
        email: email.as_ref(),
        display_name,
        description: "",
        is_admin: false,
        password_hash: "a hash",
        created_at: START,
    };
    store::users::insert(&core.db, &user, &Actor::command())
        .await
        .unwrap();
}

/// The names on each page, one after the other.
async fn pages(core: &Core, input: &str, limit: u32) -> Vec<Vec<String>> {
    pages_of(core, &UserSearch::of(input, None), limit).await
}

async fn pages_of(core: &Core, search: &UserSearch, limit: u32) -> Vec<Vec<String>> {
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let found = store::users::page(&core.db, search, after.as_ref(), limit)
            .await
            .unwrap();
        pages.push(found.users.into_iter().map(|user| user.username).collect());
        after = found.next;
        if after.is_none() {
            return pages;
        }
    }
}

/// The names on each page before the end of the list, the last page first.
async fn pages_backwards(core: &Core, search: &UserSearch, limit: u32) -> Vec<Vec<String>> {
    let last = store::users::last_page(&core.db, search, limit)
        .await
        .unwrap();
    let (mut before, mut pages) = (last.previous.clone(), vec![names_of(&last)]);
    while let Some(cursor) = before {
        let found = store::users::page_before(&core.db, search, &cursor, limit).await;
        let found = found.unwrap();
        pages.push(names_of(&found));
        before = found.previous;
    }
    pages
}

fn names_of(found: &store::users::Found) -> Vec<String> {
    found
        .users
        .iter()
        .map(|user| user.username.clone())
        .collect()
}

async fn names(core: &Core, input: &str) -> Vec<String> {
    pages(core, input, 50).await.concat()
}

/// Enough accounts to make a scan the worse plan, with names of every prefix.
async fn crowd(core: &Core, number: u32) {
    let series = match &core.db.pool {
        Pool::Sqlite(_) => format!(
            "WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {number}) "
        ),
        Pool::Postgres(_) => format!("WITH series (n) AS (SELECT generate_series(1, {number})) "),
    };
    let insert = |what: &str| {
        // SQLite's parser needs the statement directly after INSERT INTO.
        let (into, select) = what.split_once("SELECT").unwrap();
        format!("{into} {series} SELECT {select} FROM series")
    };
    let letters = "CASE n % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'm' WHEN 2 THEN 'u' ELSE 'z' END";
    given::execute(&core.db, &insert(&format!(
        "INSERT INTO users (id, username, username_key, email, email_key, display_name, display_name_key, \
         description, is_admin, password_hash, created_at) \
         SELECT 'id' || n, {letters} || n, {letters} || n, 'e' || n || '@example.org', 'e' || n || '@example.org', \
         'Person ' || n, 'person ' || n, '', FALSE, 'a hash', 0"
    ))).await;
    given::execute(
        &core.db,
        &insert(
            "INSERT INTO user_words (word, user_id, repeats) SELECT 'example.org', 'id' || n, 0",
        ),
    )
    .await;
    given::execute(
        &core.db,
        "INSERT INTO user_words (word, user_id, repeats) \
        SELECT username_key, id, 0 FROM users WHERE id LIKE 'id%' \
        UNION SELECT email_key, id, 1 FROM users WHERE id LIKE 'id%' \
        UNION SELECT 'person', id, 0 FROM users WHERE id LIKE 'id%' \
        UNION SELECT 'org', id, 0 FROM users WHERE id LIKE 'id%'",
    )
    .await;
    given::execute(
        &core.db,
        "UPDATE users SET words_of = username_key || ' ' || email_key || ' ' || display_name_key, has_signed_in = FALSE \
        WHERE id LIKE 'id%'",
    )
    .await;
    given::execute(&core.db, &insert(
        "INSERT INTO activity (id, at, event, source, user_id, address, user_agent, times) \
         SELECT 'row' || n, n / 3, CASE n % 5 WHEN 0 THEN 'signed_in' ELSE 'user_created' END, 'command', \
         'id' || (n % 50), '', '', 1"
    )).await;
    given::execute(&core.db, "ANALYZE").await;
}

on_both_engines! {
    async fn accounts_are_found_by_the_beginning_of_any_word(database: TestDatabase) {
        let core = support::core(&database).await;
        account(&core, "ada", Some("lovelace@example.org"), "Augusta Ada King").await;
        account(&core, "grace", Some("g.hopper@mail.example.com"), "\u{c1}mazing Grace").await;
        account(&core, "Ängström", None, "Anders-Jonas").await;
        account(&core, "adam", None, "100% _wild_").await;
        account(&core, "李雷", Some("lei@example.org"), "🐎 李").await;
        for (input, expected) in [
            ("ad", vec!["ada", "adam"]),
            ("ADA", vec!["ada", "adam"]),
            ("Ａｄａ", vec!["ada", "adam"]),
            (" LOVE", vec!["ada"]),
            ("king", vec!["ada"]),
            ("king aug", vec!["ada"]),
            ("king ada love august", vec!["ada"]),
            ("king grace", vec![]),
            ("example.org", vec!["ada", "李雷"]),
            ("example", vec!["grace", "ada", "李雷"]),
            ("example hop", vec!["grace"]),
            ("hopper@mail", vec!["grace"]),
            ("g.", vec!["grace"]),
            ("jonas", vec!["Ängström"]),
            ("wild", vec!["adam"]),
            ("a\u{301}maz", vec!["grace"]),
            ("ängs", vec!["Ängström"]),
            ("an", vec!["Ängström"]),
            ("李", vec!["李雷"]),
            ("🐎", vec!["李雷"]),
            ("100%", vec!["adam"]),
            ("100_", vec![]),
            ("%", vec![]),
            ("da", vec![]),
            ("ovelace", vec![]),
            ("\u{10ffff}", vec![]),
            ("\u{10ffff} a", vec![]),
            ("' OR 1=1 --", vec![]),
            ("a\0", vec![]),
        ] {
            assert_eq!(names(&core, input).await, expected, "{input}");
        }
        assert_eq!(names(&core, "").await, ["ada", "adam", "grace", "Ängström", "李雷"]);
        assert_eq!(names(&core, "l").await, ["李雷", "ada"], "in the order of the findings");
    }

    async fn accounts_are_filtered_by_their_state(database: TestDatabase) {
        let core = support::core(&database).await;
        for (name, change) in [
            ("ada", "is_admin = TRUE, has_signed_in = TRUE"),
            ("adam", "disabled_at = 1, password_hash = ''"),
            ("adele", "password_hash = ''"),
            ("bob", "has_signed_in = TRUE"),
        ] {
            account(&core, name, None, "Somebody").await;
            given::execute(&core.db, &format!("UPDATE users SET {change} WHERE username = '{name}'")).await;
        }
        use UserFilter::{Administrators, Disabled, Invited, NeverSignedIn};
        for (filter, all, of_d) in [
            (Administrators, vec!["ada"], vec!["ada"]),
            (Disabled, vec!["adam"], vec!["adam"]),
            (Invited, vec!["adele"], vec!["adele"]),
            (NeverSignedIn, vec!["adam", "adele"], vec!["adam", "adele"]),
        ] {
            for (input, expected) in [("", &all), ("some", &all), ("ad", &of_d), ("some ad", &of_d), ("bob", &vec![])] {
                let search = UserSearch::of(input, Some(filter));
                for limit in [1, 50] {
                    let pages = pages_of(&core, &search, limit).await;
                    let mut found = pages.concat();
                    // Those of "some" are in the order of their ids.
                    found.sort_unstable();
                    assert_eq!(found, *expected, "{input} among {filter:?}");
                    let mut back = pages_backwards(&core, &search, limit).await;
                    back.reverse();
                    assert_eq!(back.concat(), pages.concat(), "{input} among {filter:?}, backwards");
                }
            }
        }
    }

    async fn pages_join_without_a_gap_and_without_duplicates(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..23 {
            // Found by all three, and several under the same display name.
            let name = format!("user{number:02}");
            account(&core, &name, Some(&format!("{name}@example.org")), if number % 2 == 0 { "User" } else { &name }).await;
        }
        account(&core, "other", None, "Other").await;
        for limit in [1, 2, 5, 22, 23, 24] {
            for input in ["user", "u", "user0", "example user", "user exa", ""] {
                let all = names(&core, input).await;
                let expected = match input { "user0" => 10, "" => 24, _ => 23 };
                assert_eq!(all.len(), expected, "{input}");
                let search = UserSearch::of(input, None);
                let pages = pages(&core, input, limit).await;
                assert!(pages.iter().all(|page| page.len() <= limit as usize), "{pages:?}");
                assert_eq!(pages.concat(), all, "{input} by {limit}");
                let distinct: std::collections::BTreeSet<_> = all.iter().collect();
                assert_eq!(distinct.len(), all.len(), "{all:?}");
                let backwards = pages_backwards(&core, &search, limit).await;
                assert!(backwards.iter().all(|page| page.len() <= limit as usize), "{backwards:?}");
                let mut joined = backwards;
                joined.reverse();
                assert_eq!(joined.concat(), all, "{input} by {limit}, backwards");
            }
        }
    }

    /// Whoever has read a page finds it again from the next one, and from the end of the list.
    async fn the_page_before_the_next_one_is_the_same(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..5 {
            account(&core, &format!("u{number}"), None, "Somebody").await;
        }
        for input in ["", "u", "u some", "some"] {
            let search = UserSearch::of(input, None);
            let first = store::users::page(&core.db, &search, None, 2).await.unwrap();
            assert_eq!(first.previous, None);
            let mut page = first.clone();
            while let Some(next) = page.next.clone() {
                let following = store::users::page(&core.db, &search, Some(&next), 2).await.unwrap();
                let previous = following.previous.clone().expect("a page before");
                let again = store::users::page_before(&core.db, &search, &previous, 2).await.unwrap();
                assert_eq!((&again.users, again.next.as_ref()), (&page.users, Some(&next)));
                page = following;
            }
            // Before the first one there is none, and the page after that is the first.
            let start = store::users::Cursor { key: search.first_word().to_owned(), id: UserId(String::new()) };
            let empty = store::users::page_before(&core.db, &search, &start, 2).await.unwrap();
            assert_eq!((empty.users.len(), empty.previous), (0, None));
            let again = store::users::page(&core.db, &search, empty.next.as_ref(), 2).await.unwrap();
            assert_eq!(again.users, first.users);
            // Behind the last one there is none, and the page before that is the last.
            let end = store::users::Cursor { key: format!("{}\u{10ffff}", search.first_word()), id: UserId("z".to_owned()) };
            let empty = store::users::page(&core.db, &search, Some(&end), 2).await.unwrap();
            assert_eq!((empty.users.len(), &empty.next), (0, &None));
            let last = store::users::page_before(&core.db, &search, &empty.previous.unwrap(), 1).await.unwrap();
            assert_eq!(last.users, page.users[page.users.len() - 1..], "{input}");
        }
    }

    /// Two words that many have, and hardly anyone both: a page is short, and leads on, in both directions.
    async fn a_search_that_finds_little_among_many_is_read_in_short_pages(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 9_000).await;
        account(&core, "person.last", None, "Zebra").await;
        // Persons and those of `z` are many, but of the latter only one is called so first.
        given::execute(&core.db, "UPDATE users SET has_signed_in = TRUE WHERE username <> 'person.last' AND username NOT LIKE 'z%'").await;
        let search = UserSearch::of("person z", Some(UserFilter::NeverSignedIn));
        let pages = pages_of(&core, &search, 3_000).await;
        assert!(pages.len() > 1, "{}", pages.len());
        let found = pages.concat();
        assert_eq!(found.len(), 9_000 / 4 + 1);
        let distinct: std::collections::BTreeSet<_> = found.iter().collect();
        assert_eq!(distinct.len(), found.len());
        let backwards = pages_backwards(&core, &search, 3_000).await;
        assert!(backwards.len() > 1);
        assert_eq!(backwards.concat().len(), found.len());
    }

    /// SQL finds these by their words, the server shows them by their names, and the page goes on behind them.
    async fn accounts_that_are_passed_over_hide_no_other(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 4_400).await;
        given::execute(&core.db, "UPDATE users SET words_of = NULL \
            WHERE username_key < 'm2' AND CAST(SUBSTR(id, 3) AS INTEGER) > 20").await;
        let search = UserSearch::of("person m", None);
        let all = names(&core, "person m").await;
        assert_eq!(all.len(), 1_100);
        for limit in [7, 100] {
            assert_eq!(pages_of(&core, &search, limit).await.concat(), all);
            let mut backwards = pages_backwards(&core, &search, limit).await.concat();
            backwards.sort_by_key(|name| all.iter().position(|other| other == name));
            assert_eq!(backwards, all);
        }
    }

    async fn pages_of_the_audit_log_join_without_a_gap(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 100).await;
        let user = vestibule::domain::user::UserId("id7".to_owned());
        let (since, until) = (Some(Timestamp::from_millis(10)), Some(Timestamp::from_millis(20)));
        for filter in [
            Filter::default(),
            Filter { user: Some(&user), ..Filter::default() },
            Filter { event: Some("signed_in"), ..Filter::default() },
            Filter { since, ..Filter::default() },
            Filter { until, ..Filter::default() },
            Filter { since, until, ..Filter::default() },
            Filter { user: Some(&user), event: Some("user_created"), since, until: Some(Timestamp::from_millis(33)) },
        ] {
            let all = store::audit::list(&core.db, &filter, None, 1_000).await.unwrap();
            assert!(!all.is_empty(), "{filter:?}");
            for record in &all {
                assert!(filter.user.is_none_or(|user| record.entry.user.as_ref() == Some(user)));
                assert!(filter.event.is_none_or(|event| record.entry.event.as_str() == event));
                assert!(filter.since.is_none_or(|since| record.entry.at >= since));
                assert!(filter.until.is_none_or(|until| record.entry.at < until));
            }
            let order: Vec<_> = all.iter().map(|record| (record.entry.at, record.id.clone())).collect();
            assert!(order.is_sorted_by(|one, next| one > next), "the newest first, each once");
            for limit in [1, 7, 100] {
                let (mut joined, mut before) = (Vec::new(), None);
                loop {
                    let page = store::audit::list(&core.db, &filter, before.as_ref(), limit).await.unwrap();
                    before = page.last().map(Cursor::of);
                    if before.is_none() {
                        break;
                    }
                    joined.extend(page);
                }
                assert_eq!(joined, all, "{filter:?} by {limit}");
                let oldest = Cursor { at: Timestamp::from_millis(i64::MIN), id: String::new() };
                let (mut joined, mut after) = (Vec::new(), Some(oldest));
                while let Some(cursor) = after {
                    let page = store::audit::list_newer(&core.db, &filter, &cursor, limit).await.unwrap();
                    after = page.first().map(Cursor::of);
                    joined.splice(0..0, page);
                }
                assert_eq!(joined, all, "{filter:?} by {limit}, backwards");
            }
        }
        assert_eq!(store::audit::list(&core.db, &Filter::default(), None, 1_000).await.unwrap().len(), 100);
    }
}
