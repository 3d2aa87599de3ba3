use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect::<HeaderMap>()
}

fn site() -> Site {
    Site::new(
        Some(PublicUrl::parse("https://id.example.org").unwrap()),
        3000,
    )
}

#[test]
fn plain_http_is_accepted_for_loopback_only() {
    for text in [
        "https://id.example.org",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:80",
    ] {
        assert!(PublicUrl::parse(text).is_ok(), "{text}");
    }
    for text in [
        "",
        "id.example.org",
        "http://id.example.org",
        "ftp://x",
        "https://a/b",
        "https://u@a",
        "https://a?b",
        "http://localhost.evil.example",
    ] {
        assert!(PublicUrl::parse(text).is_err(), "{text}");
    }
}

#[test]
fn only_the_configured_host_is_answered() {
    for host in ["id.example.org", "ID.example.org", "id.example.org:443"] {
        assert!(site().answers_for(&headers(&[("host", host)])), "{host}");
    }
    for host in [
        "evil.example",
        "id.example.org.",
        "id.example.org:80",
        "id.example.org:3000",
        "localhost:3000",
        "",
    ] {
        assert!(!site().answers_for(&headers(&[("host", host)])), "{host}");
    }
    assert!(!site().answers_for(&HeaderMap::new()));
    let mut twice = headers(&[("host", "id.example.org")]);
    twice.append("host", HeaderValue::from_static("id.example.org"));
    assert!(!site().answers_for(&twice));
}

#[test]
fn absolute_targets_must_name_our_host() {
    let answers = |target: &'static str, host| {
        site().answers(&Uri::from_static(target), &headers(&[("host", host)]))
    };
    assert!(answers("/login", "id.example.org"));
    assert!(answers("https://id.example.org/login", "id.example.org"));
    assert!(answers("http://ID.example.org:443/", "id.example.org"));
    assert!(!answers("http://id.example.org/", "evil.example"));
    for target in [
        "http://evil.example/login",
        "http://user@id.example.org/",
        "evil.example:443",
    ] {
        assert!(!answers(target, "id.example.org"), "{target}");
    }
}

#[test]
fn the_default_site_has_three_loopback_hosts() {
    let site = Site::new(None, 3000);
    for host in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000"] {
        assert!(site.answers_for(&headers(&[("host", host)])), "{host}");
    }
    for host in [
        "localhost",
        "localhost:3001",
        "192.168.1.2:3000",
        "rebound.example:3000",
    ] {
        assert!(!site.answers_for(&headers(&[("host", host)])), "{host}");
    }
}

#[test]
fn sec_fetch_site_takes_precedence_over_origin() {
    let own = |pairs: &[(&'static str, &'static str)]| {
        site()
            .demand_own_request(&Method::POST, &headers(pairs))
            .is_ok()
    };
    assert!(own(&[("sec-fetch-site", "same-origin")]));
    assert!(own(&[("sec-fetch-site", "none")]));
    for (origin, expected) in [
        ("https://id.example.org", true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        assert_eq!(
            own(&[("sec-fetch-site", "none"), ("origin", origin)]),
            expected,
            "{origin}"
        );
    }
    // With `no-referrer` browsers send `Origin: null` even to their own site (Fetch, 3.1).
    assert!(own(&[
        ("sec-fetch-site", "same-origin"),
        ("origin", "null")
    ]));
    for foreign in ["cross-site", "same-site", "", "Same-Origin", "null"] {
        assert!(
            !own(&[
                ("sec-fetch-site", foreign),
                ("origin", "https://id.example.org")
            ]),
            "{foreign}"
        );
    }
    assert!(own(&[("origin", "https://id.example.org")]));
    for foreign in [
        "null",
        "http://id.example.org",
        "https://id.example.org:444",
        "https://id.example.org.evil.example",
        "https://evil.example",
        "",
    ] {
        assert!(!own(&[("origin", foreign)]), "{foreign}");
    }
}

#[test]
fn requests_without_origin_pass_without_session_only() {
    let own = |pairs: &[(&'static str, &'static str)]| {
        site()
            .demand_own_request(&Method::POST, &headers(pairs))
            .is_ok()
    };
    assert!(own(&[]));
    assert!(own(&[("cookie", "theme=dark")]));
    assert!(!own(&[("cookie", "theme=dark; __Host-Http-session=x")]));
}
