//! Renders the events of a run: spinners on a terminal, plain lines elsewhere.

mod lines;
mod spinners;

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Ui, to_stderr};
use crate::progress::Event;
use lines::Lines;
use spinners::Spinners;

const STOPPING: &str = "stopping after the running steps; press Ctrl-C again to stop at once";

/// A display that runs beside the work until every sender of its events is gone.
pub struct Progress {
    ui: Ui,
    sender: UnboundedSender<Event>,
    receiver: UnboundedReceiver<Event>,
    begun: Instant,
}

impl Progress {
    pub(super) fn start(ui: Ui) -> Self {
        let (sender, receiver) = unbounded_channel();
        Self {
            ui,
            sender,
            receiver,
            begun: Instant::now(),
        }
    }

    /// Where the steps report to.
    pub fn sender(&self) -> UnboundedSender<Event> {
        self.sender.clone()
    }

    /// Starts showing; `cancel` is watched to tell the user that Ctrl-C was heard.
    pub fn show(self, cancel: CancellationToken) -> Shown {
        drop(self.sender);
        Shown {
            display: tokio::spawn(display(self.ui, self.receiver, cancel)),
            begun: self.begun,
        }
    }
}

/// A display at work.
pub struct Shown {
    display: JoinHandle<()>,
    begun: Instant,
}

impl Shown {
    /// Waits until the last event is shown; returns the time since the start.
    pub async fn finish(self) -> Duration {
        // A display that panicked has shown what it could; the work's own result is what counts.
        drop(self.display.await);
        self.begun.elapsed()
    }
}

async fn display(ui: Ui, mut events: UnboundedReceiver<Event>, cancel: CancellationToken) {
    let mut lines = Lines::new(ui);
    let mut spinners = ui.animated.then(Spinners::new);
    let mut told = false;
    loop {
        let line = tokio::select! {
            biased;
            event = events.recv() => {
                let Some(event) = event else { break };
                if let Some(spinners) = &mut spinners {
                    spinners.show(&event);
                }
                lines.line(event)
            }
            () = cancel.cancelled(), if !told => {
                told = true;
                Some(STOPPING.to_owned())
            }
        };
        match (line, &spinners) {
            (None, _) => {}
            (Some(_), _) if ui.quiet => {}
            (Some(line), Some(spinners)) => spinners.print(&line),
            (Some(line), None) => to_stderr(&line),
        }
    }
}

/// `3.1 s`, `2 min 05 s`.
pub fn seconds(took: Duration) -> String {
    if took < Duration::from_mins(1) {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {:02} s", took.as_secs() / 60, took.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        assert_eq!(seconds(Duration::from_millis(3140)), "3.1 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
