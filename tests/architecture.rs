//! The doors of the house: who may import whom.
