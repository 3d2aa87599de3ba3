//! Whose site it is.

use serde::{Deserialize, Serialize};

/// The product's name, and that of the site unless another is configured. The password rules refuse it.
pub const NAME: &str = "Vestibule";

/// What pages show of the owner of the site: `[site]` of `Leptos.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub name: String,
    pub help: Option<Help>,
    /// Addresses: https, or a path of this site.
    pub privacy: Option<String>,
    pub imprint: Option<String>,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: NAME.to_owned(),
            help: None,
            privacy: None,
            imprint: None,
        }
    }
}

/// Where people get help who cannot sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Help {
    /// An address for mail.
    Email(String),
    /// A page, by https.
    Link(String),
    /// Anything else, such as a telephone number.
    Text(String),
}

impl Help {
    /// The target of a link, if it can be one.
    pub fn href(&self) -> Option<String> {
        match self {
            Self::Email(address) => Some(format!("mailto:{address}")),
            Self::Link(address) => Some(address.clone()),
            Self::Text(_) => None,
        }
    }

    /// What a link or a sentence shows.
    pub fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::Link(text) | Self::Text(text) => text,
        }
    }
}
