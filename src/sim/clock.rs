//! Time as a port: the tokio clock, real or paused.
//!
//! With a paused clock (`tokio::time::pause`, `start_paused`) a day passes in the time it takes to compute it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// Wall-clock time that follows tokio's clock from a given start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    epoch: Timestamp,
    started: Instant,
}

impl Clock {
    /// The machine's own time.
    pub fn real() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// `epoch` is now; from here on tokio's clock says how time goes by.
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self {
            epoch,
            started: Instant::now(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.epoch + self.elapsed()
    }

    /// Since the clock was made.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
