//! Ways to prove an identity, and the throttle for guesses.

pub mod attempt;
pub mod confirmation;
pub mod password;
pub mod throttle;
