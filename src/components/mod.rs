//! What several pages share.

pub mod access_keys;
pub mod administration;
pub mod copy;
pub mod countdown;
pub mod device;
pub mod event;
pub mod event_stream;
pub mod facts;
pub mod failure;
pub mod following;
pub mod form;
pub mod frame;
pub mod layout;
pub mod local_times;
pub mod new_sign_ins;
pub mod sign_out;
pub mod submission;
pub mod suggestion;
pub mod time;
pub mod time_out;
pub mod welcome;
