//! What is done beside the requests.

pub mod cleanup;
pub mod heartbeat;
pub mod journal;
pub mod timekeeping;
