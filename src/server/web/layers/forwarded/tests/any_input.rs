//! Properties of any input.

use super::*;
use proptest::prelude::*;

/// Any header value, with many separators and quotes.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,60}",
        r#"([",;=\\ \[\]:]|for|proto|10\.0\.0\.2|192\.0\.2\.66|unknown|_x){0,24}"#,
    ]
}

/// An address, as a proxy writes it.
fn hop() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
    ]
}

fn as_element(address: IpAddr, port: Option<u16>) -> String {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    match address {
        IpAddr::V4(address) => format!("for=\"{address}{port}\";proto=https;by=\"_a,\\\"b\""),
        IpAddr::V6(address) => format!("for=\"[{address}]{port}\""),
    }
}

proptest! {
    /// No input of a client, in any number of lines, changes the client that the proxies name. The first proxy
    /// appends to the client's line or writes a line below, the others append.
    #[test]
    fn forged_hops_do_not_change_the_client(
        forged in prop::collection::vec(any_value(), 0..4),
        client in hop(),
        port in any::<Option<u16>>(),
        proxies in prop::collection::vec(0_u8..=255, 0..3),
        own_line in any::<bool>(),
    ) {
        let trusted = trusted();
        prop_assume!(!trusted.contains(client.to_canonical()));
        let proxies = proxies.into_iter().map(|last| IpAddr::from([10, 0, 0, last]));
        let hops: Vec<_> = std::iter::once(client).chain(proxies).collect();
        let plain = hops.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
        let elements = hops.iter().map(|hop| as_element(*hop, port)).collect::<Vec<_>>().join(", ");
        for (name, appended) in [("x-forwarded-for", plain), ("forwarded", elements)] {
            let mut lines = forged.clone();
            match lines.last_mut() {
                Some(last) if !own_line => *last = format!("{last}, {appended}"),
                _ => lines.push(appended),
            }
            let lines: Vec<_> = lines.iter().map(|line| (name, line.as_str())).collect();
            let found = Client::of(address(PROXY), &headers(&lines), &trusted).unwrap();
            prop_assert_eq!(found.address, client.to_canonical(), "{:?}", lines);
            prop_assert_eq!(found.forwarding, Forwarding::Trusted);
        }
    }

    /// No input makes the parser panic, and an untrusted peer is always the client.
    #[test]
    fn any_bytes_are_parsed_without_panic(value in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            for name in ["forwarded", "x-forwarded-for", "x-forwarded-host"] {
                let mut headers = HeaderMap::new();
                headers.append(name, value.clone());
                let untrusted_peer = address("192.0.2.1");
                let client = Client::of(untrusted_peer, &headers, &trusted()).unwrap();
                prop_assert_eq!(client.address, untrusted_peer);
                prop_assert!(Client::of(address(PROXY), &headers, &trusted()).is_ok());
            }
        }
    }
}
