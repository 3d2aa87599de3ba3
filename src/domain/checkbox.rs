//! A checkbox in a form.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Browsers send `on` (or the `value`) for a ticked box and nothing at all for an empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkbox(pub bool);

impl Serialize for Checkbox {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0 { "on" } else { "" })
    }
}

impl<'de> Deserialize<'de> for Checkbox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = String::deserialize(deserializer)?;
        Ok(Self(matches!(value.as_str(), "on" | "true" | "1" | "yes")))
    }
}
