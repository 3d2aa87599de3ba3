//! The client's address behind a proxy, from the headers of trusted proxies.
//!
//! Nothing else that a proxy reports is trusted. Scheme and host are kept for the diagnosis on
//! an administrator's dashboard; the configured `public_url` stays the only truth (ASVS V4.1.3).

mod hops;

use crate::{
    error::Failure,
    server::{
        config::TrustedProxies,
        web::{connection::Peer, connection_slots::ConnectionSlot, state::AppState},
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hops::Hop;
use std::net::IpAddr;

/// Headers with reports of a proxy, besides `X-Forwarded-…`. We read two of them; all are removed from the request, so
/// that no other code can trust one by mistake.
const CLIENT_HEADERS: [&str; 8] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-original-url",
    "x-rewrite-url",
];

/// Reported values are truncated to this length on the page.
const MAX_REPORTED_CHARS: usize = 100;

/// The client of a request, as far as this server can determine it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address that limits and the audit log use. IPv4-mapped addresses are unmapped.
    pub address: IpAddr,
    /// The other end of the connection: the client itself, or the last proxy.
    pub peer: IpAddr,
    pub forwarding: Forwarding,
    /// The client's own connection as reported by the proxy: for diagnosis only.
    pub scheme: Option<String>,
    pub host: Option<String>,
}

/// How far the peer's forwarded headers are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// It sent none.
    None,
    /// It sent some, and is no trusted proxy.
    Ignored,
    /// It is a trusted proxy, and named no client.
    Missing,
    /// It is a trusted proxy, and an address in its headers cannot be parsed.
    Unreadable,
    Trusted,
}

/// The two families of headers name different clients.
#[derive(Debug, PartialEq, Eq)]
struct Disagreement {
    forwarded: IpAddr,
    x_forwarded_for: IpAddr,
}

impl Client {
    /// Whether the request came through a trusted proxy.
    pub fn came_through_a_trusted_proxy(&self) -> bool {
        !matches!(self.forwarding, Forwarding::None | Forwarding::Ignored)
    }

    /// Determines the client of a request from `peer` with these headers.
    fn of(
        peer: IpAddr,
        headers: &HeaderMap,
        trusted: &TrustedProxies,
    ) -> Result<Self, Disagreement> {
        let peer = peer.to_canonical();
        let from_peer = |forwarding| Self {
            address: peer,
            peer,
            forwarding,
            scheme: hops::last_of(headers, "x-forwarded-proto").and_then(sanitised),
            host: hops::last_of(headers, "x-forwarded-host").and_then(sanitised),
        };
        if !trusted.contains(peer) {
            let forwarding = if headers.is_empty() {
                Forwarding::None
            } else {
                Forwarding::Ignored
            };
            return Ok(from_peer(forwarding));
        }
        let forwarded = walk(peer, hops::forwarded(headers), trusted);
        let x_forwarded_for = walk(peer, hops::x_forwarded_for(headers), trusted);
        let chain = match (forwarded, x_forwarded_for) {
            (Some(one), Some(other)) if one.client != other.client => {
                return Err(Disagreement {
                    forwarded: one.client,
                    x_forwarded_for: other.client,
                });
            }
            (Some(chain), _) | (None, Some(chain)) => chain,
            (None, None) => return Ok(from_peer(Forwarding::Missing)),
        };
        let reported = from_peer(Forwarding::Trusted);
        Ok(Self {
            address: chain.client,
            forwarding: if chain.is_complete {
                Forwarding::Trusted
            } else {
                Forwarding::Unreadable
            },
            scheme: chain.scheme.and_then(sanitised).or(reported.scheme),
            host: chain.host.and_then(sanitised).or(reported.host),
            peer,
        })
    }
}

/// The hops of a request, as far as they can be trusted.
struct ProxyChain {
    client: IpAddr,
    /// Whether every address on it could be parsed.
    is_complete: bool,
    scheme: Option<String>,
    host: Option<String>,
}

/// Follows the hops back from `peer`, the nearest first. The first that is no trusted proxy is the client: it may have
/// written everything beyond. If an address cannot be parsed, the last one before it counts, for the same reason.
fn walk(
    peer: IpAddr,
    hops: impl Iterator<Item = Hop>,
    trusted: &TrustedProxies,
) -> Option<ProxyChain> {
    let mut chain = None;
    let mut client = peer;
    for hop in hops {
        client = hop.address.unwrap_or(client);
        let ends_here = hop.address.is_none_or(|address| !trusted.contains(address));
        chain = Some(ProxyChain {
            client,
            is_complete: hop.address.is_some(),
            scheme: hop.scheme,
            host: hop.host,
        });
        if ends_here {
            break;
        }
    }
    chain
}

/// Input of a client, truncated and without control characters.
fn sanitised(text: String) -> Option<String> {
    let printable = text.chars().filter(char::is_ascii_graphic);
    let text: String = printable.take(MAX_REPORTED_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

/// Adds the [`Client`] to the request, and removes every forwarded header. That includes those of an untrusted peer
/// (CVE-2026-40575), and the trusted ones, which are read only here.
///
/// Headers that disagree are refused. A client can add the one that its proxy does not write, and it is unknown which
/// of them the proxy wrote (ADR 16).
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let Some(&Peer(peer)) = request.extensions().get::<Peer>() else {
        return Failure::Internal.into_response();
    };
    let headers = take_client_headers(request.headers_mut());
    match Client::of(peer.ip(), &headers, &state.trusted_proxies) {
        Ok(client) => {
            if let Some(slot) = request.extensions().get::<ConnectionSlot>() {
                slot.header_arrived(client.address);
            }
            request.extensions_mut().insert(client);
            next.run(request).await
        }
        Err(Disagreement {
            forwarded,
            x_forwarded_for,
        }) => {
            tracing::warn!(
                peer = %peer.ip(), %forwarded, %x_forwarded_for,
                "Forwarded and X-Forwarded-For name different clients, so the request was refused; \
                 let the proxy write one of them and remove the other"
            );
            Failure::BadRequest.into_response()
        }
    }
}

/// Removes the forwarded headers, and returns the correctly spelt ones. A name with underscores (`X_Forwarded_For`)
/// passes proxies that only know the other spelling, so it is dropped (CVE-2025-64484).
fn take_client_headers(headers: &mut HeaderMap) -> HeaderMap {
    let is_selected = |name: &&HeaderName| is_client_header(&name.as_str().replace('_', "-"));
    let names: Vec<_> = headers.keys().filter(is_selected).cloned().collect();
    let mut taken = HeaderMap::new();
    for name in names {
        if !name.as_str().contains('_') {
            for value in headers.get_all(&name) {
                taken.append(&name, value.clone());
            }
        }
        headers.remove(&name);
    }
    taken
}

fn is_client_header(name: &str) -> bool {
    name.starts_with("x-forwarded") || CLIENT_HEADERS.contains(&name)
}

#[cfg(test)]
mod tests;
