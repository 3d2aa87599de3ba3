//! Environment variables.

use std::collections::BTreeMap;

/// The prefix of all our variables.
const PREFIX: &str = "VESTIBULE_";

/// `VESTIBULE_SERVICE_HOST`, `VESTIBULE_PORT`, `VESTIBULE_PORT_3000_TCP_ADDR` and their like.
const SERVICE_VARIABLES: [&str; 3] = ["SERVICE_HOST", "SERVICE_PORT", "PORT"];

/// The variable that names the file, so it is no key in it.
pub const FILE: &str = "VESTIBULE_CONFIG";

/// The settings outside of the file: the variables of this process, or of a test. An empty one counts as not
/// set. It has no printable form: it contains other programs' secrets.
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

    /// The variables with our prefix.
    ///
    /// Kubernetes gives every container some that describe a Service, such as one called `vestibule`. They must not
    /// prevent the start, and no setting has such a name.
    pub fn ours(&self) -> impl Iterator<Item = &str> {
        let names = self.0.keys().map(String::as_str);
        names.filter(|name| {
            let rest = name.strip_prefix(PREFIX);
            rest.is_some_and(|rest| {
                !SERVICE_VARIABLES
                    .iter()
                    .any(|begin| rest.starts_with(begin))
            })
        })
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
