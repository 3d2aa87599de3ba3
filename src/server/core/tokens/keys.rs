//! The signing keys of one server, in memory.

use super::signing::{PublicKey, SigningKey};
use crate::{
    domain::moment::Timestamp,
    server::{sealing::SealingKey, store::signing_keys::SealedKey, token},
};
use std::time::Duration;

/// How long each key signs. A key that was copied unnoticed is of use for no longer.
pub const ROTATE_EVERY: Duration = Duration::from_secs(30 * 86_400);

/// A key is published for this long before it signs. Other nodes read it within a minute and caches of the JWKS within
/// 15 minutes ([`super::JWKS_MAX_AGE`]); libraries that verify tokens elsewhere may keep a set for hours.
pub const PUBLISHED_BEFORE_USE: Duration = Duration::from_secs(86_400);

/// A key stays published for this long after its successor has begun to sign. The last token under it lives for an hour
/// at most, and was issued at most ten minutes late, by a node that had not read its keys. The rest is for caches.
pub const PUBLISHED_AFTER_USE: Duration = Duration::from_secs(86_400);

/// One signing key, opened.
pub struct Key {
    /// The `kid`.
    pub id: String,
    pub signing: SigningKey,
    pub public: PublicKey,
    signs_from: Timestamp,
    /// When its successor begins to sign.
    replaced_at: Option<Timestamp>,
}

/// The keys under one sealing key, in the order in which they sign.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Key>,
    /// The number of the next key.
    next: i64,
}

/// A row that is not used.
#[derive(Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Sealed with a key of this name, later than every key of ours.
    AnotherSealingKey(String),
    /// The key with this `kid` was changed, or put in the place of another one.
    Changed(String),
}

impl KeySet {
    /// Opens the keys that were sealed with `sealing_key`. The private part decides: a public key that somebody has
    /// written into the database verifies nothing.
    pub fn open(rows: &[SealedKey], sealing_key: &SealingKey) -> (Self, Vec<Unusable>) {
        let name = sealing_key.name();
        let (own, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.sealed_by == name);
        let (mut set, mut unusable) = (Self::default(), Vec::new());
        for row in &own {
            set.next = set.next.max(row.number.saturating_add(1));
            match Key::open(row, sealing_key) {
                Some(key) => set.push(key),
                None => unusable.push(Unusable::Changed(row.id.clone())),
            }
        }
        let newest = own.iter().map(|row| row.created_at).max();
        let later = others
            .iter()
            .filter(|row| newest.is_none_or(|newest| row.created_at > newest));
        unusable.extend(later.map(|row| Unusable::AnotherSealingKey(row.sealed_by.clone())));
        (set, unusable)
    }

    fn push(&mut self, key: Key) {
        if let Some(before) = self.keys.last_mut() {
            before.replaced_at = Some(key.signs_from);
        }
        self.keys.push(key);
    }

    /// The key that signs. The first one, even if its time has not come: then a clock was set back.
    pub fn signer(&self, now: Timestamp) -> Option<&Key> {
        let signs = |key: &&Key| key.signs_from <= now;
        self.keys.iter().rev().find(signs).or(self.keys.first())
    }

    /// The keys that verify: the one that signs, those before it for a time, and the next.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.is_published(now))
    }

    /// The published key with this `kid`.
    pub fn find(&self, id: &str, now: Timestamp) -> Option<&Key> {
        self.published(now).find(|key| key.id == id)
    }

    /// A new key, sealed, if it is time for one. The first one signs at once: no other could.
    pub fn next_key(&self, sealing_key: &SealingKey, now: Timestamp) -> Option<SealedKey> {
        let signs_from = match self.keys.last() {
            None => now,
            Some(last) if last.signs_from.after(ROTATE_EVERY - PUBLISHED_BEFORE_USE) <= now => {
                now.after(PUBLISHED_BEFORE_USE)
            }
            Some(_) => return None,
        };
        let id = token::new_id();
        let private = SigningKey::generate();
        let public = SigningKey::parse(&private)?.public();
        Some(SealedKey {
            sealed_by: sealing_key.name(),
            number: self.next,
            sealed_key: sealing_key.seal(&label(&id), &private),
            public_key: public.to_text(),
            created_at: now,
            signs_from,
            id,
        })
    }
}

impl Key {
    fn open(row: &SealedKey, sealing_key: &SealingKey) -> Option<Self> {
        let private = sealing_key.open(&label(&row.id), &row.sealed_key)?;
        let signing = SigningKey::parse(&private)?;
        let public = signing.public();
        (public.to_text() == row.public_key).then_some(Self {
            id: row.id.clone(),
            signing,
            public,
            signs_from: row.signs_from,
            replaced_at: None,
        })
    }

    fn is_published(&self, now: Timestamp) -> bool {
        self.replaced_at
            .is_none_or(|replaced_at| now < replaced_at.after(PUBLISHED_AFTER_USE))
    }
}

/// Binds the sealed text to its row.
fn label(id: &str) -> String {
    format!("signing key {id}")
}

#[cfg(test)]
mod tests;
