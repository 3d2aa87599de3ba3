//! The scripts of pages that need no WebAssembly: `public/follow.js` and `public/time-out.js`.

/// A script whose address changes with its text. A browser caches it permanently, and never runs an old one in a new
/// page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainScript {
    pub path: &'static str,
    pub text: &'static str,
    digest: u64,
}

/// Moves an open page on when its session ends.
pub const FOLLOW: PlainScript =
    PlainScript::of("/follow.js", include_str!("../../public/follow.js"));

/// Warns before a time-out, and lets the same user sign in again after it.
pub const TIME_OUT: PlainScript =
    PlainScript::of("/time-out.js", include_str!("../../public/time-out.js"));

pub const ALL: [PlainScript; 2] = [FOLLOW, TIME_OUT];

impl PlainScript {
    const fn of(path: &'static str, text: &'static str) -> Self {
        Self {
            path,
            text,
            digest: fnv_1a(text.as_bytes()),
        }
    }

    /// The address for links.
    pub fn address(self) -> String {
        format!("{}?{:016x}", self.path, self.digest)
    }
}

/// Whether this is the address of a script in the version of this program.
pub fn is_current(path_and_query: &str) -> bool {
    ALL.iter().any(|script| script.address() == path_and_query)
}

/// The digest after `?` in the address of a script with this text.
pub fn digest_of(text: &[u8]) -> String {
    format!("{:016x}", fnv_1a(text))
}

/// FNV-1a, 64 bits: it distinguishes versions, and does not protect against forgery.
const fn fnv_1a(text: &[u8]) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < text.len() {
        digest = (digest ^ text[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_fnv_1a() {
        // draft-eastlake-fnv, appendix C.
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn only_this_programs_versions_are_current() {
        assert!(is_current(&FOLLOW.address()) && is_current(&TIME_OUT.address()));
        let digest = digest_of(FOLLOW.text.as_bytes());
        assert_eq!(FOLLOW.address(), format!("/follow.js?{digest}"));
        for other in [
            "/follow.js",
            "/follow.js?",
            "/follow.js?0000000000000000",
            "/time-out.js",
        ] {
            assert!(!is_current(other), "{other}");
        }
    }
}
