//! The trusted proxies.

use ipnet::{IpNet, Ipv4Net};
use std::net::IpAddr;

/// No private network is wider: 10.0.0.0/8 and fc00::/7 (RFC 1918, RFC 4193). A wider range contains
/// strangers, and a trusted peer can claim any address.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 7;

/// The peers whose forwarded headers are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub fn new(ranges: Vec<IpNet>) -> Self {
        Self(ranges)
    }

    /// `address` is canonical.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a proxy on this machine can be one of them.
    pub fn include_this_machine(&self) -> bool {
        self.0.iter().any(|range| range.network().is_loopback())
    }
}

/// Parses an address or a range such as `10.0.0.0/8`.
///
/// # Errors
/// A sentence that describes what is wrong: no address; bits behind the prefix, from a mistyped address or
/// prefix; a range wider than any private network.
pub fn parse_range(text: &str) -> Result<IpNet, String> {
    let range = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| {
            format!("has {text:?}, which is no address and no range such as \"10.0.0.0/8\"")
        })?;
    let range = canonical(range);
    if range.addr() != range.network() {
        return Err(format!(
            "has {text:?}, with bits behind its prefix; did you mean {:?}?",
            range.trunc().to_string()
        ));
    }
    let widest = match range {
        IpNet::V4(_) => WIDEST_V4,
        IpNet::V6(_) => WIDEST_V6,
    };
    if range.prefix_len() < widest {
        return Err(format!(
            "has {text:?}, which is wider than any network of one's own: whoever is in it could take \
             any address; name the proxies alone (at least /{widest})"
        ));
    }
    Ok(range)
}

/// IPv4-mapped ranges (`::ffff:10.0.0.0/104`) are unmapped, like the addresses that they are compared with.
fn canonical(range: IpNet) -> IpNet {
    let IpNet::V6(v6) = range else { return range };
    let v4 = v6.addr().to_ipv4_mapped();
    let prefix = v6.prefix_len().checked_sub(96);
    match (v4, prefix) {
        (Some(address), Some(prefix)) => Ipv4Net::new(address, prefix).map_or(range, IpNet::V4),
        _ => range,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_parsed_strictly() {
        for (text, range) in [
            ("127.0.0.1", "127.0.0.1/32"),
            ("::1", "::1/128"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("fc00::/7", "fc00::/7"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(parse_range(text).unwrap().to_string(), range, "{text}");
        }
        for (text, reason) in [
            ("", "no address"),
            ("localhost", "no address"),
            ("10.0.0.0/33", "no address"),
            ("10.0.0.1-9", "no address"),
            ("[::1]", "no address"),
            ("10.0.0.1:80", "no address"),
            ("10.0.0.1/8", "did you mean \"10.0.0.0/8\"?"),
            ("0.0.0.0/0", "wider than"),
            ("0.0.0.0/7", "wider than"),
            ("::/0", "wider than"),
            ("2000::/3", "wider than"),
            ("::ffff:0:0/96", "wider than"),
        ] {
            let refusal = parse_range(text).expect_err(text);
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }
}
