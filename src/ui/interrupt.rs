//! Ctrl-C: the first one asks for a clean stop, the second one ends the process.

use std::process;

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Exit;

/// A token that SIGINT or SIGTERM cancels. After that, a second signal exits with 130 at once.
///
/// Must be called inside a tokio runtime. Saying so to the user is the display's part.
pub fn on_signal() -> Result<CancellationToken> {
    let mut signals = Signals {
        interrupt: signal(SignalKind::interrupt()).context("listening for SIGINT")?,
        terminate: signal(SignalKind::terminate()).context("listening for SIGTERM")?,
    };
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        signals.next().await;
        cancel.cancel();
        signals.next().await;
        exit_now();
    });
    Ok(token)
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[expect(
    clippy::exit,
    reason = "a second Ctrl-C means now; whatever runs is finished by the next up or down"
)]
fn exit_now() -> ! {
    process::exit(Exit::Interrupted as i32)
}
