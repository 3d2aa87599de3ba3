use super::*;
use std::collections::HashSet;

#[test]
fn migration_numbers_are_unique() {
    let versions: HashSet<_> = FOR_POSTGRES.iter().map(|one| one.version).collect();
    assert_eq!(versions.len(), FOR_POSTGRES.iter().count());
    assert!(FOR_POSTGRES.iter().count() > SHARED.iter().count());
    assert!(FOR_POSTGRES.iter().is_sorted_by_key(|one| one.version));
}

/// The migrations from before the rule.
const BEFORE_THE_RULE: i64 = 8;

/// What would keep the previous version from reading or writing. Words in the order of the statement.
const REMOVALS: [&[&str]; 8] = [
    &["DROP"],
    &["TRUNCATE"],
    &["DELETE", "FROM"],
    &["RENAME"],
    &["ALTER", "ALTER", "TYPE"],
    &["ALTER", "ALTER", "SET", "NOT", "NULL"],
    &["ALTER", "ADD", "CONSTRAINT"],
    &["CREATE", "UNIQUE", "INDEX"],
];

/// The statements of a text in upper case, without comments and quoted texts.
fn statements(sql: &str) -> Vec<String> {
    let lines = sql.lines().map(|line| line.split("--").next().unwrap());
    let text = lines.collect::<Vec<_>>().join(" ").to_uppercase();
    let unquoted: Vec<_> = text.split('\'').step_by(2).collect();
    unquoted.join("''").split(';').map(str::to_owned).collect()
}

/// Why the previous version could not run after this statement.
fn removes(statement: &str) -> Option<String> {
    let words: Vec<_> = statement
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let found = |removal: &[&str]| {
        let mut rest = words.iter();
        removal.iter().all(|wanted| rest.any(|word| word == wanted))
    };
    // Nothing reads an index by its name.
    if words.starts_with(&["DROP", "INDEX"]) {
        return None;
    }
    if let Some(removal) = REMOVALS.iter().find(|removal| found(removal)) {
        return Some(removal.join(" "));
    }
    // The previous version inserts no value for it.
    let is_needed = found(&["ALTER", "ADD", "NOT", "NULL"]) && !found(&["DEFAULT"]);
    is_needed.then(|| "ADD … NOT NULL without DEFAULT".to_owned())
}

#[test]
fn migrations_only_add() {
    for one in FOR_POSTGRES
        .iter()
        .filter(|one| one.version > BEFORE_THE_RULE)
    {
        let removals: Vec<_> = statements(one.sql.as_str())
            .iter()
            .filter_map(|sql| removes(sql))
            .collect();
        let name = format!("migration {} ({})", one.version, one.description);
        match needs(&one.description) {
            None => assert!(
                removals.is_empty(),
                "{name} has {removals:?}: a server of the version before would fail beside it. Remove it one \
                 version later, in a file called …_needs_NNNN.sql (CONTRIBUTING.md)"
            ),
            Some(needed) => assert!(
                FOR_POSTGRES.version_exists(needed)
                    && needed < one.version
                    && needed > BEFORE_THE_RULE,
                "{name} has to need an earlier migration, after {BEFORE_THE_RULE}"
            ),
        }
    }
}

#[test]
fn a_removal_is_found_in_every_spelling() {
    for sql in [
        "ALTER TABLE users DROP COLUMN description",
        "drop\ntable users",
        "ALTER TABLE users ALTER COLUMN email_key TYPE TEXT COLLATE \"C\"",
        "ALTER TABLE users ALTER email SET DATA TYPE TEXT",
        "ALTER TABLE users RENAME COLUMN email TO address",
        "ALTER TABLE users ADD COLUMN label TEXT NOT NULL",
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        "CREATE UNIQUE INDEX one ON users (email)",
        "SELECT 1; DELETE FROM users",
    ] {
        assert!(
            statements(sql).iter().any(|sql| removes(sql).is_some()),
            "{sql}"
        );
    }
    for sql in [
        "-- We drop nothing.\nALTER TABLE users ADD COLUMN label TEXT NOT NULL DEFAULT 'drop'",
        "CREATE TABLE dropped (id TEXT NOT NULL PRIMARY KEY, type TEXT CHECK (type <> ''))",
        "CREATE INDEX one ON users (email)",
        "DROP INDEX one",
        "UPDATE users SET email = 'x' WHERE email_key IS NOT NULL; INSERT INTO keys VALUES ('a', 'b')",
        "ALTER TABLE users ADD COLUMN type TEXT CHECK (type IN ('a', 'b'))",
    ] {
        let found: Vec<_> = statements(sql)
            .iter()
            .filter_map(|sql| removes(sql))
            .collect();
        assert!(found.is_empty(), "{sql}: {found:?}");
    }
    // The rule detects violations: these were not additions.
    for version in [5, 7] {
        let one = FOR_POSTGRES
            .iter()
            .find(|one| one.version == version)
            .unwrap();
        assert!(
            statements(one.sql.as_str())
                .iter()
                .any(|sql| removes(sql).is_some()),
            "{version}"
        );
    }
}

/// The migrations from before the next rule.
const BEFORE_QUICK: i64 = 13;

/// What a migration does to the rows or to tables of a running server, for longer than its requests wait: on PostgreSQL
/// every lock is held to the end of the file.
fn keeps_servers_waiting(statements: &[String]) -> Option<String> {
    let words: Vec<Vec<_>> = statements
        .iter()
        .map(|sql| sql.split_whitespace().collect())
        .collect();
    let after = |start: [&'static str; 2]| {
        words
            .iter()
            .filter(move |words| words.starts_with(&start))
            .filter_map(|words| words.iter().find(|word| !is_keyword(word)).copied())
            .collect::<HashSet<_>>()
    };
    let (made, altered) = (after(["CREATE", "TABLE"]), after(["ALTER", "TABLE"]));
    let indexed: HashSet<_> = words
        .iter()
        .filter(|words| words.starts_with(&["CREATE", "INDEX"]))
        .filter_map(|words| Some(words[words.iter().position(|word| *word == "ON")? + 1]))
        .filter(|table| !made.contains(table))
        .collect();
    if words.iter().any(|words| {
        words.contains(&"UPDATE") || (words.contains(&"INSERT") && words.contains(&"SELECT"))
    }) {
        return Some("moves rows".to_owned());
    }
    // A request that locks them in the other order would be in a deadlock with it.
    let locked: HashSet<_> = altered.union(&indexed).collect();
    if locked.len() > 1 {
        return Some(format!("locks several tables: {locked:?}"));
    }
    (!altered.is_empty() && !indexed.is_empty())
        .then(|| "reads a table that it has locked".to_owned())
}

fn is_keyword(word: &str) -> bool {
    ["CREATE", "ALTER", "TABLE", "IF", "NOT", "EXISTS"].contains(&word)
}

#[test]
fn migrations_are_quick() {
    for one in FOR_POSTGRES.iter().filter(|one| one.version > BEFORE_QUICK) {
        let found = keeps_servers_waiting(&statements(one.sql.as_str()));
        assert_eq!(
            found, None,
            "migration {} ({}): fill columns in small steps (core/background/filling.rs), and make indexes of a table \
             in a file of their own",
            one.version, one.description
        );
    }
    // The rule detects violations.
    for version in [6, 9] {
        let one = FOR_POSTGRES
            .iter()
            .find(|one| one.version == version)
            .unwrap();
        let found = keeps_servers_waiting(&statements(one.sql.as_str()));
        assert!(found.is_some(), "{version}");
    }
}

#[test]
fn newer_additions_are_accepted_and_removals_refused() {
    let newest = FOR_POSTGRES.iter().map(|one| one.version).max().unwrap();
    let with_applied = |version: i64, description: &str| {
        let mut applied: Vec<_> = FOR_POSTGRES
            .iter()
            .map(|one| Applied {
                version: one.version,
                description: one.description.to_string(),
            })
            .collect();
        applied.push(Applied {
            version,
            description: description.to_owned(),
        });
        accept_newer(&FOR_POSTGRES, &applied)
    };
    assert!(with_applied(newest, "known").is_ok());
    assert!(with_applied(newest + 1, "labels of sessions").is_ok());
    assert!(
        with_applied(
            newest + 2,
            &format!("no more descriptions needs {newest:04}")
        )
        .is_ok()
    );
    let refused = with_applied(
        newest + 2,
        &format!("no more descriptions needs {:04}", newest + 1),
    );
    assert!(matches!(refused, Err(OpenError::Newer)), "{refused:?}");
}
