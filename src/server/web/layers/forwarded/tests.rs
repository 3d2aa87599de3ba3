mod any_input;

use super::*;
use crate::server::config::parse_range;
use Forwarding::{Ignored, Missing, Trusted, Unreadable};
use axum::http::HeaderValue;

const PROXY: &str = "10.0.0.1";

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// 10.0.0.0/24 and fd00::/16 are proxies.
fn trusted() -> TrustedProxies {
    let ranges = ["10.0.0.0/24", "fd00::/16"].map(|range| parse_range(range).unwrap());
    TrustedProxies::new(ranges.to_vec())
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn of(peer: &str, lines: &[(&'static str, &str)]) -> Result<Client, Disagreement> {
    let headers = take_client_headers(&mut headers(lines));
    Client::of(address(peer), &headers, &trusted())
}

/// The client behind the proxy, and how far the proxy was trusted.
fn behind(lines: &[(&'static str, &str)]) -> (String, Forwarding) {
    let client = of(PROXY, lines).unwrap();
    (client.address.to_string(), client.forwarding)
}

#[test]
fn addresses_are_parsed_in_every_notation() {
    let both = [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("192.0.2.7:_port", "192.0.2.7"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:80", "192.0.2.7"),
        ("[::ffff:c000:207]", "192.0.2.7"),
    ];
    for (text, expected_address) in both {
        let expected = (expected_address.to_owned(), Trusted);
        assert_eq!(behind(&[("x-forwarded-for", text)]), expected, "{text}");
        let quoted = format!("for=\"{text}\"");
        assert_eq!(behind(&[("forwarded", &quoted)]), expected, "{quoted}");
        let bare = format!("for={text}");
        assert_eq!(behind(&[("forwarded", &bare)]), expected, "{bare}");
    }
    for element in [
        "For=192.0.2.7",
        "FOR=\"192.0.2.7\";proto=http",
        "proto=https;for=192.0.2.7;by=203.0.113.43",
        "by=\"_a,b;c\\\"\";for=\"192.0.2.7\" ; host=\"a\\\\\";",
        " \tfor=\"\\1\\9\\2.0.2.7\"",
    ] {
        let expected = ("192.0.2.7".to_owned(), Trusted);
        assert_eq!(behind(&[("forwarded", element)]), expected, "{element}");
    }
}

const BROKEN_VALUES: [&str; 34] = [
    "",
    " ",
    "unknown",
    "_hidden",
    "_",
    "localhost",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.07",
    "0xc0.0.2.7",
    "3221225991",
    "192.0.2.7:",
    "192.0.2.7:x",
    "192.0.2.7:99999",
    "192.0.2.7:+80",
    "192.0.2.7:80:80",
    "192.0.2.7/32",
    "192.0.2.7 ::1",
    "[192.0.2.7]",
    "[2001:db8::1",
    "2001:db8::1]",
    "[2001:db8::1]4711",
    "[2001:db8::1]:",
    "[fe80::1%eth0]",
    "fe80::1%eth0",
    "[]",
    "[]:1",
    "2001:db8::1::2",
    "unix:",
    "192.0.2.7;",
    "é",
    "\u{2460}92.0.2.7",
    "<script>",
    "' OR 1=1 --",
];

/// Elements of `Forwarded`.
const BROKEN_ELEMENTS: [&str; 19] = [
    "",
    "for",
    "for=",
    "for=;",
    "=192.0.2.7",
    "for =192.0.2.7",
    "for= 192.0.2.7",
    "192.0.2.7",
    "proto=https",
    "for=192.0.2.7;for=192.0.2.8",
    "for=192.0.2.7;FOR=192.0.2.7",
    "for=\"192.0.2.7",
    "for=192.0.2.7\"",
    "for=\"192.0.2.7\\\"",
    "for=\"192.0.2.7\"x",
    "for='192.0.2.7'",
    "for==192.0.2.7",
    "for=192.0.2.7 for=192.0.2.8",
    "f\"or=192.0.2.7",
];

/// A value that cannot be parsed identifies no client, and nothing to the left of it is trusted instead.
#[test]
fn nothing_left_of_a_malformed_value_is_trusted() {
    for value in BROKEN_VALUES {
        let expected = (PROXY.to_owned(), Unreadable);
        let list = format!("198.51.100.9, {value}");
        assert_eq!(behind(&[("x-forwarded-for", &list)]), expected, "{list}");
        let list = format!("for=198.51.100.9, for=\"{value}\"");
        assert_eq!(behind(&[("forwarded", &list)]), expected, "{list}");
    }
    for element in BROKEN_ELEMENTS {
        let list = format!("for=198.51.100.9, {element}");
        let found = behind(&[("forwarded", &list)]);
        assert_eq!(found, (PROXY.to_owned(), Unreadable), "{list}");
    }
    let many: String = (0..1_000).map(|n| format!("x{n}=1;")).collect();
    let (client, _) = behind(&[("forwarded", &format!("{many}for=192.0.2.7"))]);
    assert_eq!(client, PROXY);
    let mut bytes = HeaderMap::new();
    let value = HeaderValue::from_bytes(b"198.51.100.9, \xff192.0.2.7").unwrap();
    bytes.append("x-forwarded-for", value);
    let client = Client::of(address(PROXY), &bytes, &trusted()).unwrap();
    assert_eq!(client.address, address(PROXY));
}

#[test]
fn the_rightmost_untrusted_hop_is_the_client() {
    let cases: [(&[&str], &str); 8] = [
        (&["198.51.100.9, 192.0.2.7"], "192.0.2.7"),
        (&["198.51.100.9, 192.0.2.7, 10.0.0.2"], "192.0.2.7"),
        (
            &["198.51.100.9", "192.0.2.7, fd00::5", "10.0.0.9"],
            "192.0.2.7",
        ),
        (&["192.0.2.7,10.0.0.2,"], PROXY),
        (&["192.0.2.7, unknown, 10.0.0.2"], "10.0.0.2"),
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (&["198.51.100.9, 10.0.1.2, 10.0.0.2"], "10.0.1.2"),
        (&["192.0.2.7", ""], PROXY),
    ];
    for (lines, client) in cases {
        let list = lines.iter().map(|line| ("x-forwarded-for", *line));
        assert_eq!(behind(&list.collect::<Vec<_>>()).0, client, "{lines:?}");
        let elements = lines.iter().map(|line| {
            let elements = line.split(',').map(|hop| format!("for=\"{}\"", hop.trim()));
            elements.collect::<Vec<_>>().join(",")
        });
        let elements = elements.collect::<Vec<_>>();
        let list = elements.iter().map(|line| ("forwarded", line.as_str()));
        assert_eq!(behind(&list.collect::<Vec<_>>()).0, client, "{elements:?}");
    }
}

#[test]
fn forwarded_headers_count_from_trusted_proxies_only() {
    for peer in ["192.0.2.1", "10.0.1.1", "2001:db8::1", "::1"] {
        for name in [
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-real-ip",
        ] {
            let client = of(peer, &[(name, "for=10.0.0.1")]).unwrap();
            assert_eq!(
                (client.address, client.forwarding),
                (address(peer), Ignored)
            );
        }
        let client = of(peer, &[]).unwrap();
        assert_eq!(client.address, address(peer));
        assert_eq!(client.forwarding, Forwarding::None);
    }
    // A proxy that the system shows in IPv6 is the one that was configured in IPv4.
    let client = of("::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.7")]).unwrap();
    assert_eq!(
        (client.address, client.peer),
        (address("192.0.2.7"), address(PROXY))
    );
    assert_eq!(behind(&[]), (PROXY.to_owned(), Missing));
    assert_eq!(behind(&[("x-forwarded-proto", "https")]).1, Missing);
}

#[test]
fn forwarded_and_x_forwarded_for_must_agree() {
    let both = |forwarded: &str, other: &str| {
        of(
            PROXY,
            &[("forwarded", forwarded), ("x-forwarded-for", other)],
        )
    };
    for (forwarded, other) in [
        ("for=192.0.2.7", "192.0.2.7"),
        (
            "for=\"[::ffff:192.0.2.7]:1\"",
            "198.51.100.9, 192.0.2.7:2, 10.0.0.3",
        ),
        ("for=unknown", "_hidden"),
    ] {
        assert!(both(forwarded, other).is_ok(), "{forwarded} {other}");
    }
    for (forwarded, other) in [
        ("for=192.0.2.8", "192.0.2.7"),
        ("for=unknown", "192.0.2.7"),
        ("for=192.0.2.7", ""),
        ("proto=https", "192.0.2.7"),
        ("for=192.0.2.7, for=10.0.0.2", "10.0.0.2"),
    ] {
        assert!(both(forwarded, other).is_err(), "{forwarded} {other}");
    }
    let disagreement = both("for=192.0.2.8", "192.0.2.7").unwrap_err();
    assert_eq!(disagreement.forwarded, address("192.0.2.8"));
    assert_eq!(disagreement.x_forwarded_for, address("192.0.2.7"));
}

#[test]
fn forwarded_headers_are_removed_from_the_request() {
    let mut request = headers(&[
        ("accept", "*/*"),
        ("x_forwarded_for", "192.0.2.7"),
        ("x-forwarded_for", "192.0.2.7"),
        ("x_real_ip", "192.0.2.7"),
        ("x-real-ip", "192.0.2.7"),
        ("x-forwarded-uri", "/api/logout"),
        ("x-forwarded-user", "ada"),
        ("x-rewrite-url", "/"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-for", "192.0.2.8"),
        ("forwarded", "for=192.0.2.8"),
        ("host", "localhost"),
    ]);
    let taken = take_client_headers(&mut request);
    let left: Vec<_> = request.keys().map(HeaderName::as_str).collect();
    assert_eq!(left, ["accept", "host"]);
    assert!(taken.keys().all(|name| !name.as_str().contains('_')));
    assert_eq!(taken.get_all("x-forwarded-for").iter().count(), 2);
    assert_eq!(behind(&[("x_forwarded_for", "192.0.2.7")]).1, Missing);
}

#[test]
fn scheme_and_host_come_from_the_client_hop() {
    let client = of(
        PROXY,
        &[(
            "forwarded",
            "for=192.0.2.7;proto=https;host=\"id.example.org:443\", for=10.0.0.2;proto=http",
        )],
    );
    let client = client.unwrap();
    assert_eq!(client.scheme.as_deref(), Some("https"));
    assert_eq!(client.host.as_deref(), Some("id.example.org:443"));
    let long = format!("a\tb\u{85}{}", "c".repeat(1_000));
    let client = of(
        PROXY,
        &[
            ("x-forwarded-proto", "http, https"),
            ("x-forwarded-host", &long),
        ],
    );
    let client = client.unwrap();
    assert_eq!(client.scheme.as_deref(), Some("https"));
    let host = client.host.unwrap();
    assert!(
        host.starts_with("abc") && host.len() == MAX_REPORTED_CHARS,
        "{host}"
    );
}
