//! The pages, one file each, named as their routes.

pub mod access_keys;
pub mod activity;
pub mod admin_activity;
pub mod admin_invite;
pub mod admin_user;
pub mod admin_users;
pub mod confirm;
pub mod dashboard;
pub mod help;
pub mod login;
pub mod login_key;
pub mod logout;
pub mod password;
pub mod password_link;
pub mod profile;
pub mod sessions;
pub mod setup;
pub mod signed_out;
pub mod system;
