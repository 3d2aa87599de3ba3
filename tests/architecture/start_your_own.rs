//! The blocks of `docs/start-your-own.md` apply to the current tree. Building and testing the
//! result takes longer: `make start-your-own`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use vestibule::domain::site;

fn check(document: &Path, tree: &Path) -> Output {
    let program = crate::root().join("tools/start-your-own");
    let mut command = Command::new(program);
    let output = command.arg("--check").arg(document).arg(tree).output();
    output.expect("node and git are there")
}

/// This holds for Vestibule only. The first step of the document renames the site, and from then on
/// the tree is an application of its own, which already contains the blocks.
#[test]
fn every_block_applies_to_the_tree() {
    if site::NAME != "Vestibule" {
        return;
    }
    let root = crate::root();
    let output = check(&root.join("docs/start-your-own.md"), root);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "\n{complaint}");
    let blocks = String::from_utf8_lossy(&output.stdout);
    let blocks = blocks
        .split(' ')
        .next()
        .and_then(|number| number.parse::<u32>().ok());
    assert!(
        blocks.is_some_and(|blocks| blocks > 25),
        "{blocks:?} blocks"
    );
}

/// A tree of one file, and a document beside it.
struct Folder(PathBuf);

impl Folder {
    fn new(document: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("vestibule_start_{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("there.txt"), "one\ntwo\nthree\n").expect("a file");
        fs::write(folder.join("document.md"), document).expect("a document");
        Self(folder)
    }

    /// The message, if the document cannot be carried out.
    fn complaint(&self) -> Option<String> {
        let output = check(&self.0.join("document.md"), &self.0);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        (!output.status.success()).then_some(complaint)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left-over files in the temporary folder are harmless.
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_broken_block_is_reported_with_its_line() {
    let diff =
        "```diff\n--- a/there.txt\n+++ b/there.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n```\n";
    let again = diff.replace("-two", "-2").replace("+2\n", "+II\n");
    for possible in [
        diff.to_owned(),
        format!("{diff}{again}"),
        "```sh\nfalse\n```\n```console\nfalse\n```\n".to_owned(),
        "A file, `src/a.rs`:\n\n```rust title=\"src/a.rs\"\nfn a() {}\n```\n".to_owned(),
    ] {
        assert_eq!(Folder::new(&possible).complaint(), None, "{possible}");
    }
    for (impossible, words) in [
        (
            diff.replace("two", "zwei"),
            "document.md:3: this change does not apply",
        ),
        (
            format!("{diff}{diff}"),
            "document.md:12: this change does not apply",
        ),
        (
            diff.replace("there.txt", "nowhere.txt"),
            "document.md:3: this change does not apply",
        ),
        (
            "`there.txt`\n```text title=\"there.txt\"\nfour\n```\n".to_owned(),
            "document.md:4: there.txt is there already",
        ),
        (
            "```text title=\"new.txt\"\nfour\n```\n".to_owned(),
            "document.md:3: the words above this block do not name new.txt",
        ),
        (
            "```rust\nfn a() {}\n```\n".to_owned(),
            "document.md:3: this is no block",
        ),
        (
            "```\nfalse\n```\n".to_owned(),
            "document.md:3: this is no block",
        ),
        (
            "```diff title=\"there.txt\"\n```\n".to_owned(),
            "document.md:3: this is no block",
        ),
        (
            "```rust title=\"../a.rs\"\n```\n".to_owned(),
            "document.md:3: this is no block",
        ),
        (
            "```sh\ntrue\n".to_owned(),
            "document.md:3: this block has no end",
        ),
    ] {
        let folder = Folder::new(&format!("# Words\n\n{impossible}"));
        let complaint = folder.complaint().expect("a complaint");
        assert!(
            complaint.contains(words),
            "{words:?} is missing in {complaint}"
        );
        let tree = fs::read_to_string(folder.0.join("there.txt")).expect("a file");
        assert_eq!(tree, "one\ntwo\nthree\n", "the tree itself stays as it is");
    }
}
