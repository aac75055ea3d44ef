//! What differs between the places that nodes can come from.

pub mod local;
