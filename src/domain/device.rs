//! A browser described in words.

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
    use super::{in_words, of_program};

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
