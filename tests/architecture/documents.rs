//! What the documents say is shown by a test: the tests that they name exist.

use std::{collections::BTreeSet, fs, path::Path};

/// Documents that name tests, as `path/of/file.rs::name_of_test`.
const DOCUMENTS: [&str; 3] = ["README.md", "SECURITY.md", "docs/controls.md"];

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
