//! What several pages share.

pub mod access_keys;
pub mod administration;
pub mod copy;
pub mod device;
pub mod event;
pub mod event_stream;
pub mod facts;
pub mod following;
pub mod form;
pub mod frame;
pub mod layout;
pub mod new_sign_ins;
pub mod relative_time;
pub mod sign_out;
pub mod submission;
pub mod time;
pub mod time_out;
