//! The variables that are set.

use std::collections::BTreeMap;

/// What all variables of ours begin with.
const PREFIX: &str = "VESTIBULE_";

/// Names the file, so it is no key in it.
pub const FILE: &str = "VESTIBULE_CONFIG";

/// Where settings come from besides the file: the variables of this process, or a test's. An empty
/// one counts as not set. It cannot be printed: other programs' secrets are among them.
#[derive(Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    pub fn of_process() -> Self {
        let in_utf8 = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        in_utf8.collect()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The variables that are meant for us.
    pub fn ours(&self) -> impl Iterator<Item = &str> {
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| name.starts_with(PREFIX))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self(variables.filter(|(_, value)| !value.is_empty()).collect())
    }
}

/// `session.idle_timeout` is `VESTIBULE_SESSION__IDLE_TIMEOUT`.
pub fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}
