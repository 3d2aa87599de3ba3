//! Reads keys one by one and collects every mistake.

use super::{
    Mistakes,
    environment::{self, Environment, variable_of},
};
use std::collections::BTreeSet;
use toml::{Table, Value};

/// The file and the environment, and the mistakes so far.
pub struct Reader<'a> {
    table: Table,
    environment: &'a Environment,
    known: BTreeSet<&'static str>,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// If the text is no TOML: nothing else can be checked then.
    pub fn new(text: &str, environment: &'a Environment) -> Result<Self, Mistakes> {
        let table = text.parse().map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].lines().count().max(1));
            Mistakes(vec![format!("line {line} is no TOML: {}", error.message())])
        })?;
        Ok(Self {
            table,
            environment,
            known: BTreeSet::new(),
            mistakes: Vec::new(),
        })
    }

    /// The value of `key`, a dotted path. The environment has precedence over the file, and the file over `default`.
    ///
    /// # Panics
    /// If the default itself does not parse.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        self.optional(key, &parse)
            .unwrap_or_else(|| parse(default).expect("defaults are valid"))
    }

    /// The value of a key that has no default.
    pub fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.known.insert(key);
        let variable = variable_of(key);
        if let Some(text) = self.environment.get(&variable) {
            return self.accept(&variable, parse(text));
        }
        let text = match lookup(&self.table, key)? {
            Value::String(text) => Ok(text.clone()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Boolean(flag) => Ok(flag.to_string()),
            _ => Err("must be a single value".to_owned()),
        };
        self.accept(key, text.and_then(|text| parse(&text)))
    }

    /// The values of a key that is an array or a text with commas; none if it is not set. Every value that does not
    /// parse is a mistake.
    pub fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        self.known.insert(key);
        let variable = variable_of(key);
        let split = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect();
        let (name, texts): (&str, Result<Vec<String>, String>) =
            match self.environment.get(&variable) {
                Some(text) => (&variable, Ok(split(text))),
                None => match lookup(&self.table, key) {
                    None => return Vec::new(),
                    Some(Value::String(text)) if text.is_empty() => return Vec::new(),
                    Some(Value::String(text)) => (key, Ok(split(text))),
                    Some(Value::Array(values)) => (key, values.iter().map(text_of).collect()),
                    Some(_) => (key, Err("must be a list of texts".to_owned())),
                },
            };
        let texts = self.accept(name, texts).unwrap_or_default();
        let values = texts.iter().map(|text| self.accept(name, parse(text)));
        values.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Returns the value, or records the mistake under the name that was used for it.
    pub fn accept<T>(&mut self, name: &str, outcome: Result<T, String>) -> Option<T> {
        outcome
            .map_err(|mistake| self.mistakes.push(format!("{name} {mistake}")))
            .ok()
    }

    /// Records a mistake unless a rule between several keys holds.
    pub fn require(&mut self, holds: bool, mistake: &str) {
        if !holds {
            self.mistakes.push(mistake.to_owned());
        }
    }

    /// # Errors
    /// All mistakes. Unknown keys and variables are among them, because a mistyped one would silently leave a default
    /// in force.
    pub fn finish(mut self) -> Result<(), Mistakes> {
        for key in leaves(&self.table, "") {
            if !self.known.contains(key.as_str()) {
                self.mistakes
                    .push(format!("unknown key `{key}`{}", self.suggestion(&key)));
            }
        }
        let unknown = self.unknown_variables();
        self.mistakes.extend(unknown);
        if self.mistakes.is_empty() {
            Ok(())
        } else {
            Err(Mistakes(self.mistakes))
        }
    }

    /// Only their names: a value may be a secret.
    fn unknown_variables(&self) -> Vec<String> {
        let known: BTreeSet<String> = self.known.iter().map(|key| variable_of(key)).collect();
        let unknown = self
            .environment
            .ours()
            .filter(|name| *name != environment::FILE && !known.contains(*name));
        let words = |name: &str| name.replace("__", "_");
        let reports = unknown.map(|name| {
            let similar = known.iter().find(|known| words(known) == words(name));
            let hint = similar.map(|known| format!(" (did you mean `{known}`?)"));
            format!("unknown variable `{name}`{}", hint.unwrap_or_default())
        });
        reports.collect()
    }

    /// A known key with the same last name, in another section.
    fn suggestion(&self, key: &str) -> String {
        let last = |key: &str| {
            key.rsplit('.')
                .next()
                .unwrap_or_default()
                .replace('-', "_")
                .to_lowercase()
        };
        let similar = self.known.iter().find(|known| last(known) == last(key));
        similar
            .map(|known| format!(" (did you mean `{known}`?)"))
            .unwrap_or_default()
    }
}

fn text_of(value: &Value) -> Result<String, String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| "must be a list of texts".to_owned())
}

fn lookup<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    match key.split_once('.') {
        Some((section, rest)) => lookup(table.get(section)?.as_table()?, rest),
        None => table.get(key),
    }
}

/// The dotted paths of all values.
fn leaves(table: &Table, prefix: &str) -> Vec<String> {
    let path = |key: &str| {
        if prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{prefix}.{key}")
        }
    };
    table
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Table(section) => leaves(section, &path(key)),
            _ => vec![path(key)],
        })
        .collect()
}
