//! The checks: each takes source text and returns violations, so that made-up text can test it.

use crate::{
    crates::{BANNED_CRATES, ONLY, OnlyIn},
    imports::{
        LONGEST_FILE, LONGEST_FILE_OF_TESTS, LONGEST_FUNCTION, ORDER, RULES, Rule,
        TRAITS_OF_THE_TOKEN,
    },
    source::{Reference, Source},
};

/// `src/a.rs:3: what is wrong, and why`.
pub type Violation = String;

fn violation(source: &Source, line: usize, text: &str) -> Violation {
    format!("{}:{line}: {text}", source.path)
}

/// Whether `file` is one of `files`, or in one of the folders among them.
fn is_in(file: &str, files: &[&str]) -> bool {
    files
        .iter()
        .any(|own| *own == file || (own.ends_with('/') && file.starts_with(own)))
}

fn begins_with(path: &[String], beginning: &str) -> bool {
    let beginning: Vec<&str> = beginning.split("::").collect();
    path.len() >= beginning.len() && beginning.iter().zip(path).all(|(own, part)| own == part)
}

/// The forbidden imports of our own modules in a file.
pub fn imports(source: &Source) -> Vec<Violation> {
    if source.is_test() {
        return Vec::new();
    }
    let Some(rule) = RULES.iter().find(|rule| is_in(&source.path, rule.files)) else {
        let text = "no rule has this file: add it to RULES in tests/architecture/imports.rs";
        return vec![violation(source, 1, text)];
    };
    let references = source.references().into_iter();
    references
        .filter(|reference| !may(rule, source, reference))
        .map(|reference| {
            let path = reference.path.join("::");
            let text = format!("{path} may not be named here: {}", rule.why);
            violation(source, reference.line, &text)
        })
        .collect()
}

fn may(rule: &Rule, source: &Source, reference: &Reference) -> bool {
    let Some(("crate", path)) = reference
        .path
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    else {
        return true;
    };
    let module = source.module();
    let own_part = reference.path.len() >= module.len() && reference.path[..module.len()] == module;
    let allowed = rule
        .may
        .iter()
        .any(|beginning| begins_with(path, beginning));
    let forbidden = rule
        .but_not
        .iter()
        .any(|beginning| begins_with(path, beginning));
    (own_part && module.len() > 1) || path.is_empty() || (allowed && !forbidden)
}

/// Imports of higher modules in a file of the server.
pub fn upwards(source: &Source) -> Vec<Violation> {
    let level_of = |path: &[String]| {
        let (_, path) = path.split_first()?;
        ORDER.iter().position(|module| begins_with(path, module))
    };
    let Some(own) = level_of(&source.module()).filter(|_| !source.is_test()) else {
        return Vec::new();
    };
    let references = source.references().into_iter();
    let upwards = references.filter(|reference| {
        let is_ours = reference.path.first().is_some_and(|root| root == "crate");
        is_ours && level_of(&reference.path).is_some_and(|level| level < own)
    });
    upwards
        .map(|reference| {
            let path = reference.path.join("::");
            let text = format!("{path} is in a higher module than {}", ORDER[own]);
            violation(source, reference.line, &text)
        })
        .collect()
}

/// Crates and parts of the standard library that a file may not name.
pub fn only_where_allowed(source: &Source) -> Vec<Violation> {
    if source.is_test() {
        return Vec::new();
    }
    let rule = |reference: &Reference| -> Option<&OnlyIn> {
        let rules = ONLY
            .iter()
            .filter(|rule| begins_with(&reference.path, rule.path));
        rules.max_by_key(|rule| rule.path.len())
    };
    let references = source.references().into_iter();
    references
        .filter_map(|reference| rule(&reference).map(|rule| (reference, rule)))
        .filter(|(_, rule)| !is_in(&source.path, rule.files))
        .map(|(reference, rule)| {
            let files = match rule.files {
                [] => "nowhere".to_owned(),
                files => format!("only in {}", files.join(", ")),
            };
            let text = format!("{} may be named {files}: {}", rule.path, rule.why);
            violation(source, reference.line, &text)
        })
        .collect()
}

/// Code for one target only is chosen in one line of `lib.rs`.
pub fn feature_lines(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut in_lib = 0;
    for source in sources {
        for (line, text) in source.text.lines().enumerate() {
            let code = text.split("//").next().unwrap_or_default();
            if !(code.contains("cfg") && code.contains("feature")) {
                continue;
            }
            in_lib += usize::from(source.path == "src/lib.rs");
            if source.path != "src/lib.rs" || in_lib > 1 {
                let text = "only one line of src/lib.rs chooses by feature: a module is on the server or on both targets";
                found.push(violation(source, line + 1, text));
            }
        }
    }
    found
}

/// Whether a file is too long.
pub fn length(source: &Source) -> Option<Violation> {
    let lines = source.text.lines().count();
    let longest = if source.path.starts_with("tests/") {
        LONGEST_FILE_OF_TESTS
    } else {
        LONGEST_FILE
    };
    (lines > longest).then(|| {
        let text = format!(
            "{lines} lines; a file has at most {longest}, so that it can be read in one sitting"
        );
        violation(source, lines, &text)
    })
}

pub fn lengths(source: &Source) -> Vec<Violation> {
    let functions = source.functions().into_iter();
    let functions = functions
        .filter(|function| function.lines > LONGEST_FUNCTION)
        .map(|function| {
            let text = format!(
                "`{}` has {} lines; a function has at most {LONGEST_FUNCTION}, so that it does one thing",
                function.name, function.lines
            );
            violation(source, function.line, &text)
        });
    length(source).into_iter().chain(functions).collect()
}

/// The compiler protects the session token: it cannot be copied, formatted or sent.
pub fn token(source: &Source) -> Vec<Violation> {
    let why = "the session token cannot be copied, written out or sent to a browser";
    let refuse = |name: &str, line: usize| {
        let text = format!("{name} for the session token: {why}");
        violation(source, line, &text)
    };
    let mut found: Vec<_> = derives_of_the_token(&source.text)
        .into_iter()
        .filter(|(name, _)| !TRAITS_OF_THE_TOKEN.contains(&name.as_str()))
        .map(|(name, line)| refuse(&name, line))
        .collect();
    for implemented in source.impls() {
        let names = ["Secret", "SessionToken", "DeviceToken"];
        let of_token = implemented
            .head
            .iter()
            .any(|part| names.contains(&part.as_str()));
        let Some(before_for) = implemented.head.iter().position(|part| part == "for") else {
            continue;
        };
        let harmless = implemented.head[..before_for]
            .iter()
            .any(|part| TRAITS_OF_THE_TOKEN.contains(&part.as_str()));
        if of_token && !harmless {
            found.push(refuse(
                &implemented.head[..before_for].concat(),
                implemented.line,
            ));
        }
    }
    found
}

/// The names in the `derive` attributes directly above `struct Secret`, with their lines.
fn derives_of_the_token(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines
        .iter()
        .position(|line| line.contains("struct Secret<"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let above = (0..at).rev().map(|line| (line, lines[line].trim()));
    for (line, text) in
        above.take_while(|(_, text)| text.starts_with("#[") || text.starts_with("//"))
    {
        let Some(names) = text.strip_prefix("#[derive(") else {
            continue;
        };
        let names = names.trim_end_matches(")]").split(',');
        let last_part = |name: &str| {
            name.rsplit("::")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        found.extend(names.map(|name| (last_part(name), line + 1)));
    }
    found
}

/// Whether the type exists: a renamed token would not be checked.
pub fn has_token(sources: &[Source]) -> bool {
    sources.iter().any(|source| {
        source.path == "src/server/token.rs"
            && source.text.contains("pub struct Secret<")
            && source.text.contains("pub type SessionToken = Secret<")
    })
}

pub fn banned_crates(lock: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, text) in lock.lines().enumerate() {
        let name = text
            .strip_prefix("name = \"")
            .and_then(|rest| rest.strip_suffix('"'));
        let banned = BANNED_CRATES
            .iter()
            .find(|(banned, _)| Some(*banned) == name);
        if let Some((name, why)) = banned {
            found.push(format!(
                "Cargo.lock:{}: {name} is not linked: {why}",
                line + 1
            ));
        }
    }
    found
}

#[path = "checks/tests.rs"]
mod tests;
