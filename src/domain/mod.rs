//! Pure types and rules, shared by server and browser. Nothing here does input or output.

pub mod accent;
pub mod access_key;
pub mod actor;
pub mod audit;
pub mod base32;
pub mod characters;
pub mod checkbox;
pub mod colour;
pub mod device;
pub mod frame;
pub mod id;
pub mod moment;
pub mod next_path;
pub mod page;
pub mod password;
pub mod password_link;
pub mod plain_script;
pub mod profile;
pub mod scope;
pub mod session;
pub mod setup;
pub mod site;
pub mod theme;
pub mod user;
pub mod views;
