//! Reads Rust source as far as the checks need it: the paths that it names, and the length of its
//! parts.

use std::{collections::BTreeMap, fs, path::Path};

/// One file, with comments, literals and test modules blanked out; line numbers are unchanged.
pub struct Source {
    /// From the project's folder, such as `src/server/db.rs`.
    pub path: String,
    pub text: String,
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    text: String,
    line: usize,
}

/// A path that the code names, such as `crate::server::db::Db` or `std::env::var`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub path: Vec<String>,
    pub line: usize,
}

pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// `impl Trait for Type`: the idents of its head, in order.
pub struct Impl {
    pub head: Vec<String>,
    pub line: usize,
}

/// Every Rust file under `folder`, in order.
pub fn all_under(root: &Path, folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().and_then(|name| name.to_str());
        let path = format!("{folder}/{}", name.expect("a name in UTF-8"));
        if entry.is_dir() {
            found.extend(all_under(root, &path));
        } else if path.ends_with(".rs") {
            found.push(Source::new(
                &path,
                &fs::read_to_string(&entry).expect("text"),
            ));
        }
    }
    found
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let code = without_tests(&without_comments_and_literals(text));
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            tokens: tokens(&code),
        }
    }

    /// A module of tests in a file of its own: the rules do not apply to it.
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// The module of the file, such as `crate::server::db`.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let names = path
            .split('/')
            .filter(|name| !matches!(*name, "mod" | "lib" | "main"));
        ["crate"]
            .into_iter()
            .chain(names)
            .map(str::to_owned)
            .collect()
    }

    /// Every path in a `use` or in the code, completed from its crate.
    pub fn references(&self) -> Vec<Reference> {
        let module = self.module();
        let mut names = BTreeMap::new();
        for child in self.after_keyword("mod") {
            let path = [module.as_slice(), std::slice::from_ref(&child.text)].concat();
            names.insert(child.text, path);
        }
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            if self.tokens[at].text == "use" && self.is_item(at) {
                at = self.use_tree(at + 1, &[], &mut |path, name, line| {
                    let path = resolve(path, &module, &names);
                    if let Some(name) = name {
                        names.insert(name, path.clone());
                    }
                    found.push(Reference { path, line });
                });
            }
            at += 1;
        }
        found.extend(
            self.paths_in_code()
                .map(|Reference { path, line }| Reference {
                    path: resolve(path, &module, &names),
                    line,
                }),
        );
        found.sort_by_key(|reference| reference.line);
        found
    }

    /// `use` begins an item; in `impl Trait + use<'a>` it does not.
    fn is_item(&self, at: usize) -> bool {
        self.tokens.get(at + 1).is_some_and(|next| next.text != "<")
    }

    /// Reports every leaf of the tree that begins `at`, with its local name; returns the end of the
    /// tree.
    fn use_tree(
        &self,
        mut at: usize,
        prefix: &[String],
        report: &mut dyn FnMut(Vec<String>, Option<String>, usize),
    ) -> usize {
        let mut path = prefix.to_vec();
        let line = self.tokens[at].line;
        let mut name = None;
        while let Some(token) = self.tokens.get(at) {
            match token.text.as_str() {
                "::" => {}
                "{" => {
                    at += 1;
                    while self.tokens[at].text != "}" {
                        at = self.use_tree(at, &path, report);
                        if self.tokens[at].text == "," {
                            at += 1;
                        }
                    }
                    return at + 1;
                }
                "as" => {
                    name = Some(self.tokens[at + 1].text.clone());
                    at += 1;
                }
                "," | ";" | "}" => break,
                "self" if !path.is_empty() => {}
                ident => path.push(ident.to_owned()),
            }
            at += 1;
        }
        let glob = path.last().is_some_and(|last| last == "*");
        if glob {
            path.pop();
        }
        let name = name.or_else(|| path.last().cloned()).filter(|_| !glob);
        report(path, name, line);
        at
    }

    /// `a::b::c` anywhere outside a `use`; a lone name was imported before.
    fn paths_in_code(&self) -> impl Iterator<Item = Reference> {
        let text = |at: usize| self.tokens.get(at).map_or("", |token| token.text.as_str());
        let mut found = Vec::new();
        let (mut at, mut in_use) = (0, false);
        while at < self.tokens.len() {
            in_use = (in_use || (text(at) == "use" && self.is_item(at))) && text(at) != ";";
            let begins = is_ident(text(at)) && text(at + 1) == "::" && !in_use;
            if !begins || (at > 0 && matches!(text(at - 1), "::" | ".")) {
                at += 1;
                continue;
            }
            let line = self.tokens[at].line;
            let mut path = vec![text(at).to_owned()];
            while text(at + 1) == "::" && is_ident(text(at + 2)) {
                path.push(text(at + 2).to_owned());
                at += 2;
            }
            found.push(Reference { path, line });
            at += 1;
        }
        found.into_iter()
    }

    /// The idents that follow a keyword, such as the names of functions.
    fn after_keyword(&self, keyword: &str) -> Vec<Token> {
        let pairs = self.tokens.windows(2);
        pairs
            .filter(|pair| pair[0].text == keyword && is_ident(&pair[1].text))
            .map(|pair| pair[1].clone())
            .collect()
    }

    /// Every function that has a body.
    pub fn functions(&self) -> Vec<Function> {
        let begins = (0..self.tokens.len().saturating_sub(1))
            .filter(|&at| self.tokens[at].text == "fn" && is_ident(&self.tokens[at + 1].text));
        begins.filter_map(|at| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let (mut depth, mut in_body) = (0_i32, false);
        for token in &self.tokens[at..] {
            match token.text.as_str() {
                ";" if depth == 0 => return None,
                "(" | "[" => depth += 1,
                ")" | "]" => depth -= 1,
                "{" => {
                    in_body |= depth == 0;
                    depth += 1;
                }
                "}" => {
                    depth -= 1;
                    if in_body && depth == 0 {
                        let line = self.tokens[at].line;
                        return Some(Function {
                            name: self.tokens[at + 1].text.clone(),
                            line,
                            lines: token.line - line + 1,
                        });
                    }
                }
                _ => {}
            }
        }
        None
    }

    pub fn impls(&self) -> Vec<Impl> {
        let begins = self.tokens.iter().enumerate();
        begins
            .filter(|(_, token)| token.text == "impl")
            .map(|(at, token)| {
                let head = self.tokens[at + 1..].iter().map(|token| token.text.clone());
                Impl {
                    head: head.take_while(|text| text != "{" && text != ";").collect(),
                    line: token.line,
                }
            })
            .collect()
    }
}

/// Completes a path from its crate.
fn resolve(
    path: Vec<String>,
    module: &[String],
    names: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let Some(first) = path.first() else {
        return path;
    };
    let rest = || path[1..].to_vec();
    match first.as_str() {
        "crate" => path,
        // The library, as the program names it.
        "vestibule" => [vec!["crate".to_owned()], rest()].concat(),
        "self" => [module.to_vec(), rest()].concat(),
        "super" => {
            let parent = &module[..module.len().saturating_sub(1)];
            let mut rest = rest();
            if rest.first().is_some_and(|next| next == "super") {
                rest[0] = "super".to_owned();
                return resolve(rest, parent, names);
            }
            [parent.to_vec(), rest].concat()
        }
        name => match names.get(name) {
            Some(full) if *full != path => [full.clone(), rest()].concat(),
            _ => path,
        },
    }
}

fn is_ident(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<Token> {
    let chars: Vec<char> = code.chars().collect();
    let (mut found, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(&c) = chars.get(at) {
        let begin = at;
        at += 1;
        if c == '\n' {
            line += 1;
        } else if c.is_alphanumeric() || c == '_' {
            while chars
                .get(at)
                .is_some_and(|c| c.is_alphanumeric() || *c == '_')
            {
                at += 1;
            }
        } else if c == ':' && chars.get(at) == Some(&':') {
            at += 1;
        }
        if !c.is_whitespace() {
            let text = chars[begin..at].iter().collect();
            found.push(Token { text, line });
        }
    }
    found
}

/// Replaces comments and quoted text by spaces.
fn without_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, with: &str| {
        with.chars()
            .eq(chars[at..].iter().copied().take(with.len()))
    };
    let mut blanked = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = if starts(at, "//") {
            (at..chars.len())
                .find(|&end| chars[end] == '\n')
                .unwrap_or(chars.len())
        } else if starts(at, "/*") {
            end_of_block_comment(&chars, at)
        } else if chars[at] == '"' {
            end_of_string(&chars, at)
        } else if let Some(end) = end_of_raw_string(&chars, at) {
            end
        } else if chars[at] == '\'' {
            end_of_char(&chars, at)
        } else {
            blanked.push(chars[at]);
            at += 1;
            continue;
        };
        let blank = |c: &char| if *c == '\n' { '\n' } else { ' ' };
        blanked.extend(chars[at..end].iter().map(blank));
        at = end;
    }
    blanked
}

fn end_of_block_comment(chars: &[char], begin: usize) -> usize {
    let (mut depth, mut at) = (0, begin);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn end_of_string(chars: &[char], begin: usize) -> usize {
    let mut at = begin + 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// `r"…"`, `r#"…"#` and the same with `b` in front.
fn end_of_raw_string(chars: &[char], begin: usize) -> Option<usize> {
    let before = begin.checked_sub(1).map(|before| chars[before]);
    if chars[begin] != 'r' || before.is_some_and(|c| (c.is_alphanumeric() && c != 'b') || c == '_')
    {
        return None;
    }
    let hashes = chars[begin + 1..].iter().take_while(|&&c| c == '#').count();
    if chars.get(begin + 1 + hashes) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = ['"']
        .into_iter()
        .chain(std::iter::repeat_n('#', hashes))
        .collect();
    let content = begin + 2 + hashes;
    let length = chars[content..]
        .windows(end.len())
        .position(|window| window == end)?;
    Some(content + length + end.len())
}

/// `'a'` and `'\n'`; of a lifetime such as `'a` only the quote is removed.
fn end_of_char(chars: &[char], begin: usize) -> usize {
    if chars.get(begin + 1) == Some(&'\\') {
        let close = (begin + 3..chars.len()).find(|&at| chars[at] == '\'');
        return close.map_or(chars.len(), |close| close + 1);
    }
    if chars.get(begin + 2) == Some(&'\'') {
        begin + 3
    } else {
        begin + 1
    }
}

/// Blanks the code under `#[cfg(test)]`: the rules apply to the shipped code.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let Some(begin) = code.find(MARK) else {
        return code.to_owned();
    };
    let mut depth = 0_usize;
    let mut end = code.len();
    for (at, c) in code
        .char_indices()
        .skip_while(|(at, _)| *at < begin + MARK.len())
    {
        match c {
            ';' if depth == 0 => {
                end = at + 1;
                break;
            }
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    end = at + 1;
                    break;
                }
            }
            _ => {}
        }
    }
    let blank = code[begin..end]
        .chars()
        .map(|c| if c == '\n' { '\n' } else { ' ' });
    let blanked: String = code[..begin]
        .chars()
        .chain(blank)
        .chain(code[end..].chars())
        .collect();
    without_tests(&blanked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        let references = Source::new(path, text).references();
        references
            .iter()
            .map(|reference| reference.path.join("::"))
            .collect()
    }

    #[test]
    fn a_file_is_a_module() {
        let module = |path: &str| Source::new(path, "").module().join("::");
        assert_eq!(module("src/lib.rs"), "crate");
        assert_eq!(module("src/main.rs"), "crate");
        assert_eq!(module("src/server/mod.rs"), "crate::server");
        assert_eq!(
            module("src/server/store/users.rs"),
            "crate::server::store::users"
        );
    }

    #[test]
    fn nested_imports_are_written_out() {
        let text = "use crate::{domain::{user::{self, User as Person}, moment::*}, error::AppError};\nuse super::{db, super::app};";
        assert_eq!(
            paths("src/server/x.rs", text),
            [
                "crate::domain::user",
                "crate::domain::user::User",
                "crate::domain::moment",
                "crate::error::AppError",
                "crate::server::db",
                "crate::app",
            ]
        );
    }

    #[test]
    fn names_resolve_to_their_imports() {
        let text = "use super::web::router;\nuse std::time;\nfn f() -> impl Sized + use<> { router::serve(time::SystemTime::now(), sqlx::query::<X>) }";
        assert_eq!(
            paths("src/server/x.rs", text),
            [
                "crate::server::web::router",
                "std::time",
                "crate::server::web::router::serve",
                "std::time::SystemTime::now",
                "sqlx::query",
            ]
        );
    }

    #[test]
    fn paths_without_an_import_are_found() {
        let text = "#[derive(sqlx::FromRow)]\nstruct X(crate::server::db::Db);\nmacro_rules! m { () => { $crate::app::f() } }";
        assert_eq!(
            paths("src/x.rs", text),
            ["sqlx::FromRow", "crate::server::db::Db", "crate::app::f"]
        );
    }

    #[test]
    fn comments_literals_and_tests_name_nothing() {
        let text = "// a::b\n/* a::b /* a::b */ a::b */\nconst T: &str = \"a::b \\\" a::b\";\nconst R: &str = r#\"a::b \" \"#;\nconst C: [char; 2] = ['\"', '\\''];\nfn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests { use a::b; fn g() { a::b() } }\nfn h() { c::d() }";
        let found = Source::new("src/x.rs", text).references();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].path.join("::"), found[0].line),
            ("c::d".to_owned(), 9)
        );
    }

    #[test]
    fn functions_are_measured_from_their_first_line_to_their_last() {
        let text = "fn one() {}\ntrait T { fn no_body(&self, x: [u8; 2]); }\nfn three(\n    f: impl Fn() -> u8,\n) { if true { } }\n";
        let found = Source::new("src/x.rs", text).functions();
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.lines))
            .collect();
        assert_eq!(found, [("one", 1, 1), ("three", 3, 3)]);
    }
}
