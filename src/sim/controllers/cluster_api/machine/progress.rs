//! How far the end of a Machine has come.

use std::time::Duration;

use super::super::Again;

/// How far a deletion has come.
#[derive(Debug, Default)]
pub(super) struct Deletion {
    pub reason: &'static str,
    pub message: String,
    pub again: Again,
    pub is_done: bool,
}

impl Deletion {
    pub(super) fn waits(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            ..Self::default()
        }
    }

    pub(super) fn again(mut self, pause: Duration) -> Self {
        self.again = Some(pause);
        self
    }
}
