//! A browser described in words, and the name that a person gives to it.

use super::{
    characters::{is_control_or_format, is_invisible},
    user::plain_text,
};
use serde::{Deserialize, Serialize};

/// Enough for "The laptop in the kitchen"; a longer one would push the rest of a row out of sight.
pub const MAX_DEVICE_NAME_CHARS: usize = 40;

/// The name that a person gives to a browser; empty if it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceName(String);

impl DeviceName {
    /// A trimmed line of visible characters; `None` if it is longer, or has others. A name must not rearrange the text
    /// around it, nor look like another name.
    pub fn parse(input: &str) -> Option<Self> {
        let name = plain_text(input, MAX_DEVICE_NAME_CHARS, ()).ok()?;
        let is_visible = !name.contains(|c| is_control_or_format(c) || is_invisible(c));
        is_visible.then_some(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The kind of thing that a user agent belongs to, for an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceKind {
    Phone,
    Tablet,
    Computer,
    Program,
}

/// The kind of device of a user agent. What is no browser is a program.
pub fn kind_of(user_agent: &str) -> DeviceKind {
    let has = |mark| user_agent.contains(mark);
    if !has("Mozilla/") {
        DeviceKind::Program
    } else if has("iPad") || has("Tablet") || has("Android") && !has("Mobile") {
        DeviceKind::Tablet
    } else if has("iPhone") || has("Mobile") {
        DeviceKind::Phone
    } else {
        DeviceKind::Computer
    }
}

/// Names the browser and its system from a user agent, such as "Chrome on Windows".
///
/// For users who review their own sessions; nothing is decided by it. A user agent is unverified input of the
/// client, so unknown ones stay unknown.
pub fn in_words(user_agent: &str) -> String {
    match (browser(user_agent), system(user_agent)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, Some(system)) => format!("A browser on {system}"),
        (None, None) => "An unknown device".to_owned(),
    }
}

/// Names a program: the same for a browser, else what it calls itself before the first space.
pub fn of_program(user_agent: &str) -> String {
    if browser(user_agent).is_some() || user_agent.is_empty() {
        return in_words(user_agent);
    }
    let name = user_agent.split(' ').next().unwrap_or_default();
    name.chars().take(40).collect()
}

/// The first mark found wins, because earlier ones claim the later ones too: Edge contains "Chrome" and "Safari",
/// Chrome contains "Safari".
fn browser(user_agent: &str) -> Option<&'static str> {
    const MARKS: [(&str, &str); 13] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Vivaldi/", "Vivaldi"),
        ("FxiOS/", "Firefox"),
        ("Firefox/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("HeadlessChrome/", "Headless Chrome"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
        ("curl/", "curl"),
        ("Wget/", "Wget"),
        ("python-requests/", "Python"),
    ];
    first_mark(&MARKS, user_agent)
}

fn system(user_agent: &str) -> Option<&'static str> {
    const MARKS: [(&str, &str); 8] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Macintosh", "macOS"),
        ("Linux", "Linux"),
        ("BSD", "BSD"),
    ];
    first_mark(&MARKS, user_agent)
}

fn first_mark(marks: &[(&str, &'static str)], user_agent: &str) -> Option<&'static str> {
    marks
        .iter()
        .find(|(mark, _)| user_agent.contains(mark))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_short_visible_line() {
        let name = |input: &str| DeviceName::parse(input).map(|name| name.0);
        assert_eq!(name("  Ada’s phone "), Some("Ada’s phone".to_owned()));
        assert_eq!(name(" \u{a0}"), Some(String::new()), "no name");
        let longest = "漢".repeat(MAX_DEVICE_NAME_CHARS);
        assert_eq!(name(&longest), Some(longest.clone()));
        for refused in [
            longest + "x",
            "a\nb".to_owned(),
            "a\u{0}b".to_owned(),
            "a\u{202e}b".to_owned(),
            "a\u{200b}b".to_owned(),
            "\u{3164}".to_owned(),
            "a\u{ad}b".to_owned(),
        ] {
            assert_eq!(name(&refused), None, "{refused:?}");
        }
    }

    #[test]
    fn the_kind_of_a_device_is_seen_by_its_user_agent() {
        use DeviceKind::{Computer, Phone, Program, Tablet};
        for (user_agent, kind) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148",
                Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) Chrome/156.0.0.0 Mobile Safari/537.36",
                Phone,
            ),
            (
                "Mozilla/5.0 (Android 16; Mobile; rv:145.0) Firefox/145.0",
                Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) Chrome/156.0.0.0 Safari/537.36",
                Tablet,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) Mobile/15E148",
                Tablet,
            ),
            (
                "Mozilla/5.0 (Android 16; Tablet; rv:145.0) Firefox/145.0",
                Tablet,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
                Computer,
            ),
            ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/156.0.0.0", Computer),
            ("curl/8.9.1", Program),
            ("", Program),
        ] {
            assert_eq!(kind_of(user_agent), kind, "{user_agent}");
        }
    }

    #[test]
    fn programs_are_called_by_their_own_names() {
        assert_eq!(of_program("curl/8.9.1"), "curl");
        assert_eq!(of_program("backup/2.1 (linux)"), "backup/2.1");
        assert_eq!(of_program(""), "An unknown device");
        assert_eq!(of_program(&"x".repeat(300)).len(), 40);
    }

    #[test]
    fn common_browsers_are_named() {
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.9.1", "curl"),
            ("", "An unknown device"),
            ("<script>alert(1)</script>", "An unknown device"),
        ];
        for (user_agent, words) in cases {
            assert_eq!(in_words(user_agent), words, "{user_agent}");
        }
    }
}
