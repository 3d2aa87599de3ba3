//! The description of a deployment that the calling program provides.

use std::fmt;
use zeroize::Zeroizing;

/// A deployment as it should be. All paths are from the root of the site.
pub struct Deployment {
    /// Public pages.
    pub public_pages: Vec<&'static str>,
    /// Pages that need a session, without those whose address needs an id.
    pub private_pages: Vec<&'static str>,
    /// Private files, each with the page that links it.
    pub files: Vec<(&'static str, &'static str)>,
    /// The streams of events that private pages subscribe to.
    pub streams: Vec<&'static str>,
    /// The scripts in the head of every page, as HTML. Nonces and the digests in names may differ.
    pub head_scripts: String,
    /// The scripts outside of `/pkg/`. Each is linked with the digest of its text behind `?`.
    pub plain_scripts: Vec<&'static str>,
    /// Computes that digest.
    pub digest_of_script: fn(&[u8]) -> String,
}

impl Deployment {
    /// The path of the plain script with this address, in any version.
    pub fn plain_script_at(&self, address: &str) -> Option<&'static str> {
        let (path, _) = address.split_once('?')?;
        self.plain_scripts.iter().copied().find(|one| *one == path)
    }

    /// Whether the digest in this address is that of the text.
    pub fn digest_matches(&self, address: &str, text: &[u8]) -> bool {
        let digest = (self.digest_of_script)(text);
        address
            .split_once('?')
            .is_some_and(|(_, query)| query == digest)
    }

    /// Whether there is a page at this path. No form leads to a page with an id in its address.
    pub fn has_page(&self, path: &str) -> bool {
        self.public_pages.contains(&path) || self.private_pages.contains(&path)
    }
}

/// The account that the doctor signs in with.
pub struct Account {
    pub name: String,
    pub password: Password,
}

/// A password without a printable form.
pub struct Password(Zeroizing<String>);

impl Password {
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
impl Deployment {
    pub fn example() -> Self {
        Self {
            public_pages: vec!["/login"],
            private_pages: vec!["/dashboard"],
            files: Vec::new(),
            streams: Vec::new(),
            head_scripts: "<script defer src=\"/follow.js?0\" nonce=\"\"></script>\
                <script type=\"module\" nonce=\"\">import(\"/pkg/site.js\").then(mod => mod.hydrate())</script>"
                .to_owned(),
            plain_scripts: vec!["/follow.js"],
            digest_of_script: |text| text.len().to_string(),
        }
    }
}
