//! Performs the steps of a plan: times them, reports them, decides nothing.

pub mod components;
