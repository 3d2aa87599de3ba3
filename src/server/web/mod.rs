//! All HTTP, and nothing else: from the connection to a use case and back.

pub mod budget;
pub mod connection;
pub mod connection_slots;
pub mod context;
pub mod cookies;
pub mod files;
pub mod frame;
pub mod html;
pub mod json;
pub mod layers;
pub mod listener;
pub mod pages;
pub mod proxy_diagnosis;
pub mod reply;
pub mod router;
pub mod routes;
pub mod state;
pub mod streams;
pub mod target;
