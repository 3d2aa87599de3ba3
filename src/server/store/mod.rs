//! All SQL, one function a statement (or one transaction), named by its meaning.
//!
//! Every function runs on SQLite and on PostgreSQL, and `tests/store/` tries it on both.

pub mod sessions;
pub mod setup_codes;
pub mod users;
