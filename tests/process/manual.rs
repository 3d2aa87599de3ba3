//! Completions and manual pages: complete, and for every command.

use crate::program::{Home, note};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

const OPERATIONS: &str = include_str!("../../docs/operations.md");

/// Every command, as `--help` lists them: `["user", "create"]`.
pub fn commands(home: &Home) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(command) = open.pop() {
        let words = command.iter().map(String::as_str).chain(["--help"]);
        let help = home.run(&words.collect::<Vec<_>>()).succeeds().stdout;
        let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
        for line in listed.lines().take_while(|line| !line.is_empty()) {
            // A continued description is indented further.
            let name = line
                .strip_prefix("  ")
                .filter(|line| !line.starts_with(' '));
            let name = name.and_then(|line| line.split(' ').next());
            if let Some(name) = name.filter(|name| *name != "help") {
                open.push([&command[..], &[name.to_owned()]].concat());
            }
        }
        if !command.is_empty() {
            found.insert(command);
        }
    }
    assert!(found.len() > 12, "{found:?}");
    found
}

/// A page for the program and one for each command, with the text of `--help`.
pub fn assert_pages(home: &Home, pages: &Path) {
    let overview = fs::read_to_string(pages.join("vestibule.1")).unwrap();
    for command in commands(home) {
        let name = format!("vestibule-{}.1", command.join("-"));
        let page = fs::read_to_string(pages.join(&name)).unwrap_or_default();
        let title = name.trim_end_matches(".1").replace('-', "\\-");
        for expected in [".TH ", ".SH SYNOPSIS", &title] {
            assert!(page.contains(expected), "{name}: {expected}\n{page}");
        }
        if let [first] = command.as_slice() {
            assert!(
                overview.contains(&format!("vestibule\\-{}", first.replace('-', "\\-"))),
                "{first}"
            );
        }
    }
}

/// Each command is in the script where its shell expects it.
pub fn assert_completions(home: &Home, shell: &str, script: &str) {
    for command in commands(home) {
        let (name, parents) = command.split_last().unwrap();
        let parent = [&["vestibule".to_owned()], parents].concat();
        let expected = match shell {
            "bash" => format!("{},{name})", parent.join("__subcmd__")),
            "zsh" => format!("'{name}:"),
            _ => format!("-a \"{name}\""),
        };
        let there = script.contains(&expected);
        assert!(there, "{shell}: {expected} is missing in\n{script}");
    }
}

#[tokio::test]
async fn the_manual_has_a_page_for_every_command() {
    let home = Home::on_sqlite().await;
    home.run(&["man", "share/man1"]).succeeds();
    assert_pages(&home, &home.folder.join("share/man1"));
    home.run(&["man", "/dev/null/man1"])
        .fails(1, &["Not a directory"]);
    for command in commands(&home) {
        let line = format!("vestibule {}", command.join(" "));
        assert!(
            OPERATIONS.contains(&line),
            "docs/operations.md lacks {line}"
        );
    }
}

#[tokio::test]
async fn shells_complete_every_command() {
    let home = Home::on_sqlite().await;
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&["completions", shell]).succeeds().stdout;
        assert_completions(&home, shell, &script);
    }
    home.run(&["completions", "tcsh"])
        .fails(2, &["possible values"]);
}

/// bash itself completes with the script.
#[tokio::test]
async fn bash_completes_a_partial_command() {
    let home = Home::on_sqlite().await;
    let script = home.run(&["completions", "bash"]).succeeds().stdout;
    let script = format!(
        "{script}\nCOMP_WORDS=(vestibule user s) COMP_CWORD=2\n_vestibule vestibule s user\necho ${{COMPREPLY[@]}}"
    );
    let Ok(bash) = Command::new("bash").args(["-euc", &script]).output() else {
        note("not checked: there is no bash here");
        return;
    };
    let output = String::from_utf8_lossy(&bash.stdout).into_owned();
    assert_eq!(output.trim(), "show set-password", "{bash:?}");
}
