//! Pages of accounts and prefix searches, and the index for each of them, on both engines.

use crate::{
    given, on_both_engines,
    support::{
        self, START,
        database::{Engine, TestDatabase},
    },
};
use sqlx::Row;
use vestibule::{
    domain::{
        actor::Actor,
        audit::Event,
        moment::Timestamp,
        user::{Email, LookupKey, UserId, Username},
    },
    server::{
        core::{Core, background::cleanup},
        db::{Db, Pool},
        store::{
            self,
            audit::{Cursor, Filter, PAGES, PAGES_BACKWARDS},
            sessions,
            users::{ALL, ALL_BACKWARDS, BY_PREFIX, BY_PREFIX_BACKWARDS, NewUser, Profile},
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
    let (prefix, mut after, mut pages) = (LookupKey::of(input), None, Vec::new());
    loop {
        let found = store::users::page(&core.db, &prefix, after.as_ref(), limit)
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
async fn pages_backwards(core: &Core, input: &str, limit: u32) -> Vec<Vec<String>> {
    let (prefix, mut pages) = (LookupKey::of(input), Vec::new());
    let end = store::users::Cursor {
        key: format!("{}\u{10ffff}", prefix.as_str()),
        id: UserId(String::new()),
    };
    let mut before = Some(end);
    while let Some(cursor) = before {
        let found = store::users::page_before(&core.db, &prefix, &cursor, limit).await;
        let found = found.unwrap();
        pages.push(found.users.into_iter().map(|user| user.username).collect());
        before = found.previous;
    }
    pages
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
    given::execute(&core.db, &insert(
        "INSERT INTO activity (id, at, event, source, user_id, address, user_agent, times) \
         SELECT 'row' || n, n / 3, CASE n % 5 WHEN 0 THEN 'signed_in' ELSE 'user_created' END, 'command', \
         'id' || (n % 50), '', '', 1"
    )).await;
    given::execute(&core.db, "ANALYZE").await;
}

/// A bound value, for a query plan.
enum Value {
    Text(&'static str),
    Number(i64),
}

/// The query plan of a statement.
async fn plan(db: &Db, sql: &str, values: &[Value]) -> String {
    macro_rules! explain {
        ($pool:expr, $explain:literal, $column:literal) => {{
            let sql = sqlx::AssertSqlSafe(format!("{} {sql}", $explain));
            let mut query = sqlx::query(sql);
            for value in values {
                query = match value {
                    Value::Text(text) => query.bind(*text),
                    Value::Number(number) => query.bind(*number),
                };
            }
            let rows = query.fetch_all($pool).await.unwrap();
            rows.iter()
                .map(|row| row.get::<String, _>($column))
                .collect::<Vec<_>>()
                .join("\n")
        }};
    }
    match &db.pool {
        Pool::Sqlite(pool) => explain!(pool, "EXPLAIN QUERY PLAN", "detail"),
        Pool::Postgres(link) => explain!(&**link, "EXPLAIN", 0),
    }
}

/// Steps that read a whole table, or sort without an index.
#[track_caller]
fn assert_no_scan(engine: Engine, plan: &str, table: &str) {
    let scans = match engine {
        Engine::Sqlite => vec![
            format!("SCAN {table}"),
            "USE TEMP B-TREE FOR ORDER BY".to_owned(),
        ],
        Engine::Postgres => vec![
            format!("Seq Scan on {table}"),
            "Sort Key".to_owned(),
            "Bitmap".to_owned(),
        ],
    };
    for scan in scans {
        // SQLite's walk along an index, from its beginning to the limit, is no scan.
        let walks = plan
            .lines()
            .filter(|line| line.contains(&scan) && !line.contains("USING INDEX"));
        assert_eq!(walks.count(), 0, "{scan}:\n{plan}");
    }
}

/// The list of all accounts and a search use their indexes.
async fn assert_pages_by_index(core: &Core, engine: Engine) {
    crowd(core, 20_000).await;
    let text = Value::Text;
    let all = plan(&core.db, ALL, &[text("m5"), Value::Number(51)]).await;
    assert_no_scan(engine, &all, "users");
    let back = [text("m5"), Value::Number(51)];
    let back = plan(&core.db, ALL_BACKWARDS, &back).await;
    assert_no_scan(engine, &back, "users");
    for (sql, bound, conditions) in [
        (BY_PREFIX, "person 5", [">", ">", "(display_name_key,id)>"]),
        (
            BY_PREFIX_BACKWARDS,
            "person 4",
            [
                ">? AND username_key<",
                ">? AND email_key<",
                "display_name_key>? AND (display_name_key,id)<",
            ],
        ),
    ] {
        let values = [
            text("person 4"),
            text("id7"),
            text(bound),
            Value::Number(51),
        ];
        let found = plan(&core.db, sql, &values).await;
        assert_search_by_index(engine, &found, conditions);
    }
}

/// Each kind of key is read along its index.
#[track_caller]
fn assert_search_by_index(engine: Engine, found: &str, [name, email, display_name]: [&str; 3]) {
    // The three lists of one page are merged and sorted, which is at most three pages.
    let (indexes, scans) = match engine {
        Engine::Sqlite => (
            [
                format!("username_key{name}"),
                format!("email_key{email}"),
                format!("users_by_display_name ({display_name}"),
            ],
            ["SCAN users", "SCAN u "],
        ),
        Engine::Postgres => (
            [
                "users_username_key_key".to_owned(),
                "users_email_key_key".to_owned(),
                "users_by_display_name".to_owned(),
            ],
            ["Seq Scan", "Bitmap"],
        ),
    };
    for index in indexes {
        assert!(found.contains(&index), "{index}:\n{found}");
    }
    for scan in scans {
        assert!(!found.contains(scan), "{scan}:\n{found}");
    }
}

/// A page of all sessions, and of one account's, and the sign-ins of a session cost the same for
/// any number of sessions.
async fn assert_sessions_by_index(core: &Core, engine: Engine) {
    crowd(core, 20_000).await;
    given::execute(&core.db, "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
        authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device) \
        SELECT id, id, CASE user_id WHEN 'id0' THEN 'id1' ELSE user_id END, at, at, at, at, at, FALSE, '', '', event = 'signed_in' FROM activity").await;
    given::execute(&core.db, "ANALYZE").await;
    let (text, number) = (Value::Text, Value::Number);
    let all = plan(&core.db, sessions::ALL, &[text("row5"), number(500)]).await;
    let of_user = [text("id1"), number(5), text("row5"), number(500)];
    let of_user = plan(&core.db, sessions::OF_USER, &of_user).await;
    let with_sign_ins = plan(&core.db, sessions::WITH_SIGN_INS, &[text("row5")]).await;
    // Neither all sign-ins of a person, nor all previous ones.
    let bounds = match engine {
        Engine::Sqlite => [
            "sessions_of_user (user_id=? AND created_at<?)",
            "new_devices_of_user (user_id=?)",
        ],
        Engine::Postgres => ["< ROW(", "new_devices_of_user"],
    };
    for bound in bounds {
        assert!(with_sign_ins.contains(bound), "{bound}:\n{with_sign_ins}");
    }
    for plan in [all, of_user, with_sign_ins] {
        let scans = match engine {
            Engine::Sqlite => ["SCAN s", "USE TEMP B-TREE"],
            Engine::Postgres => ["Seq Scan on sessions", "Bitmap"],
        };
        for scan in scans {
            assert!(!plan.contains(scan), "{scan}:\n{plan}");
        }
    }
}

/// PostgreSQL sorts texts in the order of a language; texts with a prefix search have that of
/// bytes.
#[tokio::test]
async fn an_index_leads_there_whatever_language_the_database_was_made_for() {
    let database = TestDatabase::in_the_order_of_a_language().await;
    let core = support::core(&database).await;
    assert_pages_by_index(&core, Engine::Postgres).await;
    account(&core, "Ängström", None, "É.va").await;
    account(&core, "zoë", None, "éva").await;
    assert_eq!(names(&core, "Äng").await, ["Ängström"]);
    assert_eq!(
        names(&core, "éva").await,
        ["zoë"],
        "and no sign is passed over"
    );
}

on_both_engines! {
    async fn indexes_lead_to_the_pages_of_sessions(database: TestDatabase) {
        let core = support::core(&database).await;
        assert_sessions_by_index(&core, database.engine).await;
    }

    async fn accounts_are_found_by_the_beginning_of_any_name(database: TestDatabase) {
        let core = support::core(&database).await;
        account(&core, "ada", Some("lovelace@example.org"), "Augusta King").await;
        account(&core, "grace", Some("g.hopper@example.org"), "Ámazing Grace").await;
        account(&core, "Ängström", None, "Anders").await;
        account(&core, "adam", None, "100% _wild_").await;
        account(&core, "李雷", Some("lei@example.org"), "🐎 李").await;
        for (input, expected) in [
            ("ad", vec!["ada", "adam"]),
            ("ADA", vec!["ada", "adam"]),
            ("Ａｄａ", vec!["ada", "adam"]),
            (" LOVE", vec!["ada"]),
            ("g.", vec!["grace"]),
            ("augusta k", vec!["ada"]),
            ("a\u{301}maz", vec!["grace"]),
            ("ängs", vec!["Ängström"]),
            ("an", vec!["Ängström"]),
            ("李", vec!["李雷"]),
            ("🐎", vec!["李雷"]),
            ("100%", vec!["adam"]),
            ("100_", vec![]),
            ("%", vec![]),
            ("da", vec![]),
            ("\u{10ffff}", vec![]),
            ("' OR 1=1 --", vec![]),
            ("a\0", vec![]),
        ] {
            assert_eq!(names(&core, input).await, expected, "{input}");
        }
        assert_eq!(names(&core, "").await, ["ada", "adam", "grace", "Ängström", "李雷"]);
        assert_eq!(names(&core, "l").await, ["李雷", "ada"], "in the order of the findings");
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
            for input in ["user", "u", "user0", ""] {
                let all = names(&core, input).await;
                let expected = match input { "user0" => 10, "" => 24, _ => 23 };
                assert_eq!(all.len(), expected, "{input}");
                let pages = pages(&core, input, limit).await;
                assert!(pages.iter().all(|page| page.len() <= limit as usize), "{pages:?}");
                assert_eq!(pages.concat(), all, "{input} by {limit}");
                let mut distinct = all.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), all.len(), "{all:?}");
            }
        }
    }

    async fn a_list_of_accounts_is_read_backwards_as_forwards(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..23 {
            let name = format!("user{number:02}");
            let display_name = if number % 2 == 0 { "User" } else { &name };
            account(&core, &name, Some(&format!("{name}@example.org")), display_name).await;
        }
        account(&core, "other", None, "Other").await;
        for limit in [1, 2, 5, 22, 23, 24] {
            for input in ["user", "u", "user0", ""] {
                let mut backwards = pages_backwards(&core, input, limit).await;
                assert!(backwards.iter().all(|page| page.len() <= limit as usize), "{backwards:?}");
                backwards.reverse();
                assert_eq!(backwards.concat(), names(&core, input).await, "{input} by {limit}");
            }
        }
    }

    /// Whoever has read a page finds it again from the next one, and from the end of the list.
    async fn the_page_before_the_next_one_is_the_same(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..5 {
            account(&core, &format!("u{number}"), None, "Somebody").await;
        }
        for input in ["", "u"] {
            let prefix = LookupKey::of(input);
            let (mut after, mut page) = (None, store::users::page(&core.db, &prefix, None, 2).await.unwrap());
            assert_eq!(page.previous, None);
            while let Some(next) = page.next.clone() {
                let following = store::users::page(&core.db, &prefix, Some(&next), 2).await.unwrap();
                let previous = following.previous.clone().expect("a page before");
                let again = store::users::page_before(&core.db, &prefix, &previous, 2).await.unwrap();
                assert_eq!((&again.users, again.next.as_ref()), (&page.users, Some(&next)));
                (after, page) = (Some(next), following);
            }
            // The rest of the list is deleted meanwhile: the empty page leads back to all that is left.
            let after = after.expect("there were three pages");
            let last = page.users.last().unwrap().id.clone();
            given::execute(&core.db, &format!("UPDATE users SET username_key = 'a', display_name_key = 'a' WHERE id = '{}'", last.0)).await;
            let empty = store::users::page(&core.db, &prefix, Some(&after), 2).await.unwrap();
            assert_eq!((empty.users.len(), &empty.next), (0, &None));
            let before = empty.previous.expect("a page before");
            let page = store::users::page_before(&core.db, &prefix, &before, 1).await.unwrap();
            assert_eq!(page.users[0].username, "u3", "the last one before the empty page");
            given::execute(&core.db, &format!("UPDATE users SET username_key = 'u4', display_name_key = 'somebody' WHERE id = '{}'", last.0)).await;
            // Before the first one there is none, and the page after that is the first.
            let first = store::users::page(&core.db, &prefix, None, 2).await.unwrap();
            let start = store::users::Cursor { key: prefix.as_str().to_owned(), id: UserId(String::new()) };
            let empty = store::users::page_before(&core.db, &prefix, &start, 2).await.unwrap();
            assert_eq!((empty.users.len(), empty.previous), (0, None));
            let again = store::users::page(&core.db, &prefix, empty.next.as_ref(), 2).await.unwrap();
            assert_eq!(again.users, first.users);
        }
    }

    /// Even if many accounts match by several of their names, no page reads on for long.
    async fn a_page_stays_short_if_many_accounts_repeat(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..40 {
            account(&core, &format!("u{number:02}"), None, &format!("uz{number:02}")).await;
        }
        let pages = pages(&core, "u", 2).await;
        assert_eq!(pages.concat().len(), 40);
        assert!(pages.len() < 25, "{pages:?}");
        assert!(pages.last().unwrap().is_empty(), "after the last one there is no further account");
    }

    /// A page on which nothing was found lies between the others: it leads to its neighbours, not to the start.
    async fn an_empty_page_leads_to_both_its_neighbours(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..36 {
            let email = format!("employee.{number:02}@example.org");
            account(&core, &format!("emp{number:02}"), Some(&email), "Somebody").await;
        }
        let prefix = LookupKey::of("emp");
        let forwards = async |from: Option<store::users::Cursor>| {
            let (mut names, mut from) = (Vec::new(), from);
            loop {
                let page = store::users::page(&core.db, &prefix, from.as_ref(), 1).await.unwrap();
                names.extend(page.users.iter().map(|user| user.username.clone()));
                match page.next {
                    Some(next) => from = Some(next),
                    None => return (names, page),
                }
            }
        };
        let (all, mut page) = forwards(None).await;
        assert_eq!(all.len(), 36);
        let (mut behind, mut empty) = (Vec::new(), 0);
        while let Some(previous) = page.previous {
            page = store::users::page_before(&core.db, &prefix, &previous, 1).await.unwrap();
            assert_eq!(forwards(page.next).await.0, behind, "{previous:?}");
            empty += u32::from(page.users.is_empty());
            behind.splice(0..0, page.users.iter().map(|user| user.username.clone()));
        }
        assert_eq!(behind, all);
        assert!(empty > 0, "a page on which nothing was found");
    }

    async fn a_changed_display_name_is_found_and_the_previous_is_not(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await.user;
        let profile = Profile { display_name: "Countess", email: None, description: "" };
        let entry = given::entry(&core, Event::ProfileChanged, &ada.id);
        assert!(store::users::update_profile(&core.db, &ada.id, &profile, entry).await.unwrap());
        assert_eq!(names(&core, "COUNT").await, ["ada"]);
        assert!(names(&core, "some").await.is_empty());
    }

    /// Accounts of a previous version have no folded display name; the server folds them in steps.
    async fn display_names_of_older_accounts_are_folded(database: TestDatabase) {
        let core = support::core(&database).await;
        for number in 0..=store::STEP {
            account(&core, &format!("u{number}"), None, &format!("ÉVA {number}")).await;
        }
        given::execute(&core.db, "UPDATE users SET display_name_key = NULL").await;
        assert!(names(&core, "éva").await.is_empty());
        assert_eq!(cleanup::fold_display_names(&core).await.unwrap(), u64::from(store::STEP) + 1);
        assert_eq!(names(&core, "éva").await.len(), store::STEP as usize + 1);
        assert_eq!(cleanup::fold_display_names(&core).await.unwrap(), 0);
    }

    async fn an_index_leads_to_every_page_of_accounts(database: TestDatabase) {
        let core = support::core(&database).await;
        assert_pages_by_index(&core, database.engine).await;
    }

    async fn the_last_administrator_is_looked_up_by_an_index(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 20_000).await;
        let sql = "SELECT 1 FROM users other WHERE other.is_admin AND other.disabled_at IS NULL \
                   AND other.password_hash <> '' AND other.id <> $1";
        let plan = plan(&core.db, sql, &[Value::Text("id1")]).await;
        assert!(plan.contains("administrators"), "{plan}");
    }

    async fn an_index_leads_to_every_page_of_the_audit_log(database: TestDatabase) {
        let core = support::core(&database).await;
        crowd(&core, 20_000).await;
        let indexes = ["activity_by_time", "activity_of_user", "activity_of_event", "activity_of_"];
        let forwards = PAGES.into_iter().zip(indexes).enumerate().map(|list| ((0, 5_000), list));
        let backwards = PAGES_BACKWARDS.into_iter().zip(indexes).enumerate();
        let backwards = backwards.map(|list| ((i64::MAX, 1_667), list));
        for ((bound, at), (number, (sql, index))) in forwards.chain(backwards) {
            let mut values = vec![Value::Number(bound), Value::Number(at), Value::Text("row9"), Value::Number(51)];
            values.extend(match number {
                0 => vec![],
                1 => vec![Value::Text("id7")],
                2 => vec![Value::Text("signed_in")],
                _ => vec![Value::Text("id7"), Value::Text("signed_in")],
            });
            let plan = plan(&core.db, sql, &values).await;
            // A person's events of one kind are selected among all of theirs.
            if number < 3 {
                assert_no_scan(database.engine, &plan, "activity");
            }
            assert!(plan.contains(index), "{index}:\n{plan}");
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
