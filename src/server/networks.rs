//! Lists of networks as text, such as `192.0.2.0/24`: parsed from input, and compared with an address.

use ipnet::IpNet;
use std::net::IpAddr;

/// The networks of an input, in their canonical form: an address is a network of its own, host bits are cleared, and
/// IPv4-mapped addresses are unmapped. White space, commas and semicolons lie between them. `None` if a word is no
/// network, or there are more than `max`.
pub fn parse(input: &str, max: usize) -> Option<Vec<String>> {
    let words = input.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    let words = words.filter(|word| !word.is_empty()).take(max + 1);
    let networks: Option<Vec<IpNet>> = words.map(network).collect();
    let networks = networks.filter(|networks| networks.len() <= max)?;
    Some(networks.iter().map(ToString::to_string).collect())
}

/// The networks of a list, as one input of [`parse`]. `None` if one of its texts is not exactly one network: an empty
/// one, such as a variable that is not set, would otherwise leave a list without any, which contains every address.
pub fn join(list: &[String]) -> Option<String> {
    let is_one = |text: &String| network(text).is_some();
    list.iter().all(is_one).then(|| list.join(" "))
}

fn network(word: &str) -> Option<IpNet> {
    let network: IpNet = match word.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().into(),
        Err(_) => word.parse().ok()?,
    };
    Some(network.trunc())
}

/// Whether an address is in one of the networks. A list without any contains every address.
pub fn contain(networks: &[String], address: IpAddr) -> bool {
    let address = address.to_canonical();
    let contains = |network: &String| {
        let network = network.parse::<IpNet>();
        network.is_ok_and(|network| network.contains(&address))
    };
    networks.is_empty() || networks.iter().any(contains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_canonical() {
        let input = "192.0.2.7, 10.1.2.3/8;\n::ffff:192.0.2.9\t2001:db8::1/32";
        let expected = [
            "192.0.2.7/32",
            "10.0.0.0/8",
            "192.0.2.9/32",
            "2001:db8::/32",
        ];
        assert_eq!(parse(input, 4).unwrap(), expected);
        assert_eq!(parse(" ", 4), Some(Vec::new()));
        assert_eq!(parse(input, 3), None);
        for no_network in ["192.0.2", "10.0.0.0/33", "office", "10.0.0.0/8/8", "\0"] {
            assert_eq!(parse(no_network, 4), None, "{no_network:?}");
        }
    }

    #[test]
    fn each_text_of_a_list_is_one_network() {
        let join = |list: &[&str]| join(&list.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(join(&[]).unwrap(), "");
        let joined = join(&["192.0.2.7", "2001:db8::/32"]).unwrap();
        assert_eq!(joined, "192.0.2.7 2001:db8::/32");
        for list in [
            &[""][..],
            &[" ", ""],
            &[",", ";"],
            &["192.0.2.7", ""],
            &["10.0.0.0/8 0.0.0.0/0"],
            &["10.0.0.0/8,0.0.0.0/0"],
            &[" 192.0.2.7"],
        ] {
            assert_eq!(join(list), None, "{list:?}");
        }
    }

    #[test]
    fn an_address_is_compared_in_its_canonical_form() {
        let networks = ["192.0.2.0/24".to_owned(), "2001:db8::/32".to_owned()];
        for (address, is_in) in [
            ("192.0.2.255", true),
            ("::ffff:192.0.2.1", true),
            ("2001:db8:1::1", true),
            ("192.0.3.0", false),
            ("2001:db9::1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(contain(&networks, address), is_in, "{address}");
            assert!(contain(&[], address));
        }
    }
}
