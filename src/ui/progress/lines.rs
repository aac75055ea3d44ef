//! Events as lines of text.

use std::collections::BTreeMap;

use super::super::{Style, Ui};
use super::seconds;
use crate::progress::Event;

/// Remembers the titles and the last notes, because only starts carry a title.
pub(super) struct Lines {
    ui: Ui,
    steps: BTreeMap<usize, Step>,
}

struct Step {
    title: String,
    note: Option<String>,
}

impl Lines {
    pub(super) fn new(ui: Ui) -> Self {
        Self {
            ui,
            steps: BTreeMap::new(),
        }
    }

    /// The line to print for `event`, if it deserves one.
    pub(super) fn line(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Started { step, title } => {
                let line = (self.ui.verbose > 0).then(|| format!("· {title}"));
                self.steps.insert(step, Step { title, note: None });
                line
            }
            Event::Note { step, text } => {
                let step = self.steps.get_mut(&step)?;
                let line = (self.ui.verbose > 0).then(|| format!("· {}: {text}", step.title));
                step.note = Some(text);
                line
            }
            Event::Finished { step, took } => {
                let step = self.steps.remove(&step)?;
                let tick = self.ui.paint(Style::Done, "✓");
                Some(format!("{tick} {} ({})", step.title, seconds(took)))
            }
            Event::Failed { step, took } => {
                let step = self.steps.remove(&step)?;
                let cross = self.ui.paint(Style::Error, "✗");
                let note = step
                    .note
                    .map_or_else(String::new, |note| format!(": {note}"));
                Some(format!("{cross} {} ({}){note}", step.title, seconds(took)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lines_of(verbose: u8) -> Vec<String> {
        let mut lines = Lines::new(Ui::new(false, verbose, true, None));
        let took = Duration::from_millis(3100);
        let events = [
            Event::Started {
                step: 0,
                title: "create infra node".into(),
            },
            Event::Started {
                step: 1,
                title: "import images".into(),
            },
            Event::Note {
                step: 0,
                text: "waiting for systemd".into(),
            },
            Event::Finished { step: 1, took },
            Event::Failed { step: 0, took },
        ];
        events
            .into_iter()
            .filter_map(|event| lines.line(event))
            .collect()
    }

    #[test]
    fn without_a_terminal_only_ends_are_lines() {
        assert_eq!(
            lines_of(0),
            [
                "✓ import images (3.1 s)",
                "✗ create infra node (3.1 s): waiting for systemd"
            ]
        );
    }

    #[test]
    fn verbose_lines_also_say_what_starts_and_what_is_waited_for() {
        assert_eq!(
            lines_of(1)[..3],
            [
                "· create infra node",
                "· import images",
                "· create infra node: waiting for systemd"
            ]
        );
    }
}
