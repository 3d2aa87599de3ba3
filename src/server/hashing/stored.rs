//! Stored Argon2id hashes: current parameters, and earlier ones.

use super::HashingError;
use argon2::{
    Algorithm, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use rand::{TryRng, rngs::SysRng};

/// The first choice of the OWASP Password Storage Cheat Sheet for Argon2id: 19 MiB, two passes,
/// one lane; 16 bytes of salt and 32 of tag. The hash contains them, and older ones are upgraded.
pub(super) const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
pub(super) const LANES: u32 = 1;
pub(super) const SALT_BYTES: usize = 16;
pub(super) const TAG_BYTES: usize = 32;

/// A stored hash with more is corrupt or forged; computing it would exceed the memory budget.
pub(super) const MAX_STORED_MEMORY_KIB: u32 = 64 * 1024;
const MAX_STORED_PASSES: u32 = 10;

pub const MEMORY_PER_THREAD: u64 = MEMORY_KIB as u64 * 1024;

pub(super) fn current_parameters() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(TAG_BYTES)).expect("constant parameters are valid")
}

/// The work of a hash, in written blocks.
pub(super) fn cost(params: &Params) -> u64 {
    u64::from(params.m_cost()) * u64::from(params.t_cost())
}

/// A stored hash, parsed and within bounds.
pub(super) struct Stored {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Salt,
    pub(super) tag: Output,
}

impl Stored {
    pub(super) fn parse(text: &str) -> Result<Self, HashingError> {
        let hash = PasswordHash::new(text).map_err(|_| HashingError::Corrupt)?;
        let params = Params::try_from(&hash).map_err(|_| HashingError::Corrupt)?;
        if params.m_cost() > MAX_STORED_MEMORY_KIB || params.t_cost() > MAX_STORED_PASSES {
            return Err(HashingError::Corrupt);
        }
        Ok(Self {
            algorithm: Algorithm::new(hash.algorithm).map_err(|_| HashingError::Corrupt)?,
            version: match hash.version {
                Some(version) => Version::try_from(version).map_err(|_| HashingError::Corrupt)?,
                None => Version::V0x13,
            },
            params,
            salt: hash.salt.ok_or(HashingError::Corrupt)?,
            tag: hash.hash.ok_or(HashingError::Corrupt)?,
        })
    }

    pub(super) fn has_current_parameters(&self) -> bool {
        let current = current_parameters();
        let parts = |params: &Params, tag_bytes| {
            (params.m_cost(), params.t_cost(), params.p_cost(), tag_bytes)
        };
        self.algorithm == Algorithm::Argon2id
            && parts(&self.params, self.tag.len()) == parts(&current, TAG_BYTES)
    }
}

/// The hash for an account that does not exist: of the current cost, with a random tag, which no password matches.
pub(super) fn dummy_hash() -> Result<String, HashingError> {
    let tag: [u8; TAG_BYTES] = random()?;
    phc_string(&random()?, &tag)
}

pub(super) fn random<const BYTES: usize>() -> Result<[u8; BYTES], HashingError> {
    let mut bytes = [0; BYTES];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| HashingError::Failed)?;
    Ok(bytes)
}

/// A hash with the current parameters in its stored form.
pub(super) fn phc_string(salt: &[u8; SALT_BYTES], tag: &[u8]) -> Result<String, HashingError> {
    let params = ParamsString::try_from(&current_parameters()).map_err(|_| HashingError::Failed)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params,
        salt: Some(Salt::new(salt).map_err(|_| HashingError::Failed)?),
        hash: Some(Output::new(tag).map_err(|_| HashingError::Failed)?),
    };
    Ok(hash.to_string())
}
