//! The pages, one file each, named as their routes.

pub mod confirm;
pub mod dashboard;
pub mod login;
pub mod logout;
pub mod password;
pub mod profile;
pub mod sessions;
pub mod setup;
pub mod signed_out;
