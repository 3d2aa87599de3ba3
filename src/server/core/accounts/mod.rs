//! Changes of accounts, by their owners and by administrators.

pub mod access_keys;
pub mod administration;
pub mod password;
pub mod password_links;
pub mod profile;
pub mod setup;
pub mod users;
