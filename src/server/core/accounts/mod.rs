//! Accounts: what people and administrators change about them.

pub mod administration;
pub mod password;
pub mod password_links;
pub mod profile;
pub mod setup;
pub mod users;
