//! Statements of the documents have tests: the tests that they name exist.

use std::{collections::BTreeSet, fs, path::Path};

/// Documents that name tests, as `path/of/file.rs::name_of_test`.
const DOCUMENTS: [&str; 3] = ["SECURITY.md", "docs/controls.md", "docs/promises.md"];

/// Every reference to a test of ours in a text.
fn references(text: &str) -> BTreeSet<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let named = quoted.filter_map(|quoted| quoted.split_once(".rs::"));
    named
        .map(|(file, name)| (format!("{file}.rs"), name.to_owned()))
        .collect()
}

fn has_function(source: &str, name: &str) -> bool {
    source.contains(&format!("fn {name}("))
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).expect(document);
        let references = references(&text);
        assert!(references.len() > 5, "{document} names its tests");
        for (file, name) in references {
            let source = fs::read_to_string(root.join(&file)).unwrap_or_default();
            assert!(
                has_function(&source, &name),
                "{document} names `{file}::{name}`, which does not exist"
            );
        }
    }
}

/// The keys of `Leptos.toml` with their defaults, commented ones included.
fn settings(file: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in file.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        }
        let Some((key, default)) = line.trim_start_matches("# ").split_once(" = ") else {
            continue;
        };
        if key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_')) {
            settings.push((format!("{section}{key}"), default.to_owned()));
        }
    }
    settings
}

#[test]
fn the_operations_guide_lists_every_setting_with_its_default() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = fs::read_to_string(root.join("docs/operations.md")).unwrap();
    let file = fs::read_to_string(root.join("Leptos.toml")).unwrap();
    let settings = settings(&file);
    assert!(settings.len() > 20, "{settings:?}");
    for (key, default) in settings {
        let rows: Vec<_> = guide
            .lines()
            .filter(|line| line.starts_with(&format!("| `{key}` |")))
            .collect();
        assert_eq!(rows.len(), 1, "{key}");
        let is_shown = rows[0].contains(&format!("| `{default}` |"));
        // Keys that are commented out there have no default of that name.
        assert!(
            is_shown
                || matches!(
                    key.as_str(),
                    "public_url"
                        | "site.logo"
                        | "site.accent"
                        | "site.help"
                        | "site.privacy"
                        | "site.imprint"
                        | "database_direct_url"
                        | "tokens.sealing_key"
                        | "tokens.sealing_key_file"
                ),
            "{key} is {default}: {}",
            rows[0]
        );
    }
}

#[test]
fn a_reference_is_found_and_a_missing_test_is_noticed() {
    let found = references("shown by `tests/a.rs::one`, and `plain` text ::two");
    assert_eq!(
        found,
        BTreeSet::from([("tests/a.rs".to_owned(), "one".to_owned())])
    );
    assert!(has_function("async fn one(app: App) {}", "one"));
    assert!(!has_function("async fn one_more(app: App) {}", "one"));
}
