//! What running steps tell whoever shows progress. The sender never blocks and never fails the work.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

/// One thing that happened to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Started {
        step: usize,
        title: String,
    },
    /// What the step waits for right now; replaces the note before it.
    Note {
        step: usize,
        text: String,
    },
    Finished {
        step: usize,
        took: Duration,
    },
    Failed {
        step: usize,
        took: Duration,
    },
}

/// A step's own line to the display.
#[derive(Debug, Clone)]
pub struct Reporter {
    step: usize,
    events: UnboundedSender<Event>,
}

impl Reporter {
    pub fn new(step: usize, events: UnboundedSender<Event>) -> Self {
        Self { step, events }
    }

    /// Says what is being waited for, in a few words.
    pub fn note(&self, text: impl Into<String>) {
        self.send(Event::Note {
            step: self.step,
            text: text.into(),
        });
    }

    pub fn started(&self, title: impl Into<String>) {
        self.send(Event::Started {
            step: self.step,
            title: title.into(),
        });
    }

    pub fn finished(&self, took: Duration) {
        self.send(Event::Finished {
            step: self.step,
            took,
        });
    }

    pub fn failed(&self, took: Duration) {
        self.send(Event::Failed {
            step: self.step,
            took,
        });
    }

    fn send(&self, event: Event) {
        // A display that is gone must not stop the work.
        drop(self.events.send(event));
    }
}
