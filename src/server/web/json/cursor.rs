//! Cursors: the end of a page at which another one begins. Clients get them in answers and return them unchanged.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A key is a name or an email address; escaped and encoded they are shorter than this.
const MAX_CHARS: usize = 8_192;

/// Where a page begins, and in which direction it is read.
#[derive(Debug, Serialize, Deserialize)]
pub enum Cursor<P> {
    #[serde(rename = "a")]
    After(P),
    #[serde(rename = "b")]
    Before(P),
}

impl<P> Cursor<P> {
    pub fn into_position(self) -> P {
        match self {
            Self::After(position) | Self::Before(position) => position,
        }
    }

    /// The same direction from another form of the position; `None` if there is none.
    pub fn and_then<Q>(self, convert: impl FnOnce(P) -> Option<Q>) -> Option<Cursor<Q>> {
        Some(match self {
            Self::After(position) => Cursor::After(convert(position)?),
            Self::Before(position) => Cursor::Before(convert(position)?),
        })
    }
}

impl<P: Serialize> Cursor<P> {
    /// The text for clients. It holds a position in a list that its reader has seen, and is no secret.
    pub fn encode(&self) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }
}

impl<P: DeserializeOwned> Cursor<P> {
    /// `None` for a text that is no cursor of this list.
    pub fn decode(text: &str) -> Option<Self> {
        let json = (text.len() <= MAX_CHARS).then(|| BASE64_URL_SAFE_NO_PAD.decode(text));
        serde_json::from_slice(&json?.ok()?).ok()
    }
}
