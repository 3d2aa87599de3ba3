//! What a browser keeps of a link that it has opened: the secret, and a proof that it was right (ADR 53).
//!
//! The proof is no credential. In the cookie it shows that the secret is no guess, which no throttle would count when
//! the page is requested. In the form it shows that the form is from that page: other sites cannot read it.

use crate::{domain::password_link::LinkSecret, server::core::Core};

/// Separates this digest from all others under the same key.
const KIND: &str = "password link:";

/// The ticket of a secret that was right: letters, digits, `.`, `-` and `_`.
pub fn ticket_of(core: &Core, secret: &LinkSecret) -> String {
    format!("{}.{}", *secret.canonical(), proof_of(core, secret))
}

/// The secret of a ticket; `None` unless this server, or another one with its database, has issued it.
pub fn secret_of(core: &Core, ticket: &str) -> Option<LinkSecret> {
    let (secret, proof) = ticket.split_once('.')?;
    let secret = LinkSecret::new(secret.to_owned());
    proves(core, &secret, proof).then_some(secret)
}

/// The value in the form of the page that this link opens.
pub fn proof_of(core: &Core, secret: &LinkSecret) -> String {
    let digest = core.throttle.key.digest(KIND, &secret.canonical());
    digest.as_str().to_owned()
}

/// Whether `text` is that value.
pub fn proves(core: &Core, secret: &LinkSecret, text: &str) -> bool {
    core.throttle.key.verifies(KIND, &secret.canonical(), text)
}
