//! Ways to prove who one is, and how guessing is slowed.

pub mod attempt;
pub mod confirmation;
pub mod password;
pub mod throttle;
