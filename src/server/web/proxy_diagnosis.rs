//! The diagnosis of the proxies in front of this server, for the administrator who configures them.

use super::layers::{
    forwarded::{Client, Forwarding},
    origin::Site,
};
use crate::domain::views::{Finding, ProxyDiagnosis};

/// The path of the request for an administrator, with warnings.
pub fn view(client: &Client, site: &Site) -> ProxyDiagnosis {
    let findings = [
        ("address", address(client, site)),
        ("scheme", scheme(client, site)),
        ("host", host(client, site)),
    ];
    let findings = findings.into_iter().filter_map(|(about, text)| {
        let about = about.to_owned();
        text.map(|text| Finding { about, text })
    });
    ProxyDiagnosis {
        address: client.address.to_string(),
        peer: client.peer.to_string(),
        scheme: client.scheme.clone(),
        host: client.host.clone(),
        forwarded: in_words(client.forwarding).to_owned(),
        findings: findings.collect(),
    }
}

const fn in_words(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::None | Forwarding::Missing => "None",
        Forwarding::Ignored => "Ignored",
        Forwarding::Unreadable => "Believed as far as they can be read",
        Forwarding::Trusted => "Believed",
    }
}

fn address(client: &Client, site: &Site) -> Option<String> {
    let peer = client.peer;
    match client.forwarding {
        Forwarding::Ignored => Some(format!(
            "Forwarded headers came from {peer}, which is not a trusted proxy, so they were ignored. If it is \
             your proxy, every visitor seems to come from its address: write trusted_proxies = [\"{peer}\"] \
             in [http] of Leptos.toml."
        )),
        Forwarding::Missing => Some(format!(
            "The trusted proxy {peer} does not say for whom it asks, so every visitor seems to come from its \
             address. Let it set X-Forwarded-For."
        )),
        Forwarding::Unreadable => Some(format!(
            "The trusted proxy {peer} sent an address that cannot be read, so the last readable one counts. \
             Look at the X-Forwarded-For or Forwarded that it sets."
        )),
        // This server has no TLS, so a proxy must provide it.
        Forwarding::None if site.public_url.is_https() => Some(format!(
            "public_url is https, so {peer} should be a proxy, but it sent no forwarded headers: every visitor \
             seems to come from its address. Let the proxy set X-Forwarded-For and X-Forwarded-Proto, and write \
             trusted_proxies = [\"{peer}\"] in [http] of Leptos.toml."
        )),
        Forwarding::None | Forwarding::Trusted => None,
    }
}

/// The public address and the scheme that the proxy reports should agree: otherwise cookies are lost or clients
/// connect without TLS.
fn scheme(client: &Client, site: &Site) -> Option<String> {
    let own = site.public_url.scheme();
    match &client.scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case(own) => None,
        Some(scheme) => Some(format!(
            "public_url is {own}, but the proxy says that you came by {scheme}."
        )),
        None if site.public_url.is_https() && client.forwarding != Forwarding::None => Some(
            "public_url is https, but the proxy does not say by which scheme you came. Let it set \
             X-Forwarded-Proto."
                .to_owned(),
        ),
        None => None,
    }
}

fn host(client: &Client, site: &Site) -> Option<String> {
    let host = client.host.as_ref();
    let other = host.filter(|host| !site.has_host(host.as_bytes()))?;
    Some(format!(
        "The proxy says that you asked for {other}, but public_url is {}.",
        site.public_url.origin()
    ))
}
