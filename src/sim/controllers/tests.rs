//! All controllers together, in virtual time.

mod daemons;
mod deletion;
mod jobs;
mod nodes;
mod rollout;
mod scale;
mod services;
mod world;
