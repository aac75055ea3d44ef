//! The loop against the embedded Kubernetes, in virtual time.

mod crashes;
mod failures;
mod growing;
mod leading;
mod shrinking;
mod spare;
mod tap;
mod world;

use std::time::Duration;

use serde_json::json;

use super::*;
use world::World;
