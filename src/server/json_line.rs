//! JSON lines, for files and terminals.

use crate::domain::characters::is_control_or_format;
use serde::Serialize;
use std::fmt::Write;

/// A value as one line of JSON. Characters that a terminal or a line reader interprets are escaped, which JSON does not
/// require: clients choose their user agents.
pub fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    if !json.contains(is_control_or_format) {
        return Ok(json);
    }
    // Such characters occur inside strings only.
    let mut line = String::with_capacity(json.len() * 2);
    for c in json.chars() {
        if is_control_or_format(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_format_characters_are_escaped() {
        let hostile =
            "a\u{1b}[31m\u{7f}\u{85}\u{9b}\u{200b}\u{2028}\u{202e}\u{2067}\u{feff}\u{e0041}é漢\"\\";
        let line = json_line(&hostile).unwrap();
        assert_eq!(
            line,
            r#""a\u001b[31m\u007f\u0085\u009b\u200b\u2028\u202e\u2067\ufeff\udb40\udc41é漢\"\\""#
        );
        let read: String = serde_json::from_str(&line).unwrap();
        assert_eq!(read, hostile);
        assert_eq!(json_line(&"Zoë 🐎").unwrap(), "\"Zoë 🐎\"");
    }
}
