//! The index for each page of accounts, sessions and the audit log.

use super::{account, crowd, names};
use crate::{
    given, on_both_engines,
    support::{
        self,
        database::{Engine, TestDatabase},
    },
};
use sqlx::Row;
use vestibule::server::{
    core::Core,
    db::{Db, Pool},
    store::{
        audit::{PAGES, PAGES_BACKWARDS},
        sessions,
        users::{
            ALL, ALL_BACKWARDS, BY_WORD, BY_WORD_BACKWARDS, COUNT, COUNT_OF_WORD, ENDS,
            ENDS_BACKWARDS, IN_WINDOW, IN_WINDOW_BACKWARDS, OF_WORD,
        },
    },
};

/// A bound value, for a query plan.
pub enum Value {
    Text(&'static str),
    Number(i64),
}

/// The query plan of a statement.
pub async fn plan(db: &Db, sql: &str, values: &[Value]) -> String {
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
pub fn assert_no_scan(engine: Engine, plan: &str, table: &str) {
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

/// The list of all accounts, those of a filter and every search use their indexes.
async fn assert_pages_by_index(core: &Core, engine: Engine) {
    crowd(core, 20_000).await;
    // Some of each kind; all have signed in but these.
    given::execute(&core.db, "UPDATE users SET has_signed_in = TRUE").await;
    for (change, digit) in [
        ("is_admin = TRUE", 1),
        ("disabled_at = 1", 2),
        ("password_hash = ''", 3),
        ("has_signed_in = FALSE", 4),
    ] {
        let number = "CAST(SUBSTR(id, 3) AS INTEGER)";
        let sql = format!("UPDATE users SET {change} WHERE {number} % 7 = {digit}");
        given::execute(&core.db, &sql).await;
    }
    given::execute(&core.db, "ANALYZE").await;
    let (text, number) = (Value::Text, Value::Number);
    let indexes = [
        ["users_username_key_key", "sqlite_autoindex_users_2"],
        ["administrators_by_name"; 2],
        ["disabled_users_by_name"; 2],
        ["invited_users_by_name"; 2],
        ["users_without_sign_in_by_name"; 2],
    ];
    for sql in [ALL, ALL_BACKWARDS] {
        for (sql, names) in sql.into_iter().zip(indexes) {
            let plan = plan(&core.db, sql, &[text("m5"), number(51)]).await;
            assert_no_scan(engine, &plan, "users");
            assert!(
                names.iter().any(|name| plan.contains(name)),
                "{sql}:\n{plan}"
            );
        }
    }
    for (sql, names) in COUNT.into_iter().zip(indexes).skip(1) {
        let plan = plan(&core.db, sql, &[number(51)]).await;
        assert!(plan.contains(names[0]), "{sql}:\n{plan}");
    }
    let by_word = |bound| {
        let from = [text("m4"), text("id7"), text(bound)];
        from.into_iter()
            .chain([number(2), number(51)])
            .collect::<Vec<_>>()
    };
    let ends = |to| vec![text("m4"), text("id7"), text(to), number(399)];
    let further = || {
        [
            text("person"),
            text("persoo"),
            text(""),
            text(""),
            text(""),
            text(""),
        ]
    };
    let of_word = || vec![text("m4"), text("m41"), number(2), number(1_001)];
    let searches = [
        (BY_WORD, by_word("m7")),
        (BY_WORD_BACKWARDS, by_word("m2")),
        (ENDS, ends("m7")),
        (ENDS_BACKWARDS, ends("m2")),
        (COUNT_OF_WORD, of_word()),
    ];
    let with_further = |values: Vec<Value>| further().into_iter().chain(values).collect();
    let searches = searches
        .into_iter()
        .chain(OF_WORD.map(|sql| (sql, with_further(of_word()))));
    for (sql, values) in searches {
        let plan = plan(&core.db, sql, &values).await;
        assert_words_by_index(engine, sql, &plan, true);
    }
    let window = |bound| {
        let mut values: Vec<_> = with_further(by_word(bound));
        values.push(number(51));
        values
    };
    let windows = IN_WINDOW.map(|sql| (sql, window("m7"))).into_iter();
    let windows = windows.chain(IN_WINDOW_BACKWARDS.map(|sql| (sql, window("m2"))));
    for (sql, values) in windows {
        // The accounts of a window, whose length is fixed, may be sorted.
        let plan = plan(&core.db, sql, &values).await;
        assert_words_by_index(engine, sql, &plan, false);
    }
}

/// The words are read along their index, and each account by its id.
#[track_caller]
fn assert_words_by_index(engine: Engine, sql: &str, plan: &str, is_in_order: bool) {
    let (index, scans, sorts) = match engine {
        Engine::Sqlite => (
            "sqlite_autoindex_user_words_1 (",
            ["SCAN u", "SCAN user_words"],
            "USE TEMP B-TREE",
        ),
        Engine::Postgres => ("user_words_pkey", ["Seq Scan", "Bitmap"], "Sort Key"),
    };
    assert!(plan.contains(index), "{index} for {sql}:\n{plan}");
    let sorts = is_in_order.then_some(sorts);
    // PostgreSQL may count a few rows by a bitmap of the index.
    let is_permitted = |step: &&str| sql == COUNT_OF_WORD && *step == "Bitmap";
    for step in scans
        .into_iter()
        .chain(sorts)
        .filter(|step| !is_permitted(step))
    {
        assert!(!plan.contains(step), "{step} for {sql}:\n{plan}");
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
}
