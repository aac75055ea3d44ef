//! An error as it is printed.

use serde_json::json;

use super::{Style, Ui};
use crate::failure::Report;

pub(super) fn text(report: &Report, ui: &Ui) -> String {
    let mut lines = vec![labelled(ui, Style::Error, "error:", &report.message)];
    for cause in &report.causes {
        lines.push(labelled(ui, Style::Error, "caused by:", cause));
    }
    for object in &report.left_behind {
        lines.push(labelled(ui, Style::Warning, "left behind:", object));
    }
    for hint in &report.hints {
        lines.push(labelled(ui, Style::Label, "hint:", hint));
    }
    lines.join("\n")
}

fn labelled(ui: &Ui, style: Style, label: &str, text: &str) -> String {
    format!("{} {}", ui.paint(style, label), text.trim_end())
}

pub(super) fn json(report: &Report) -> String {
    json!({
        "error": {
            "exitCode": report.exit as u8,
            "message": report.message,
            "causes": report.causes,
            "leftBehind": report.left_behind,
            "hints": report.hints,
        }
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Failure, report};

    fn failure() -> Report {
        let inner = Failure::failed("no space left on device")
            .left_behind("container bex-mgmt-control-plane (created)")
            .hint("docker system prune");
        report(&anyhow::Error::new(inner).context("creating the infra node"))
    }

    #[test]
    fn an_error_reads_well_without_colour() {
        let ui = Ui::new(false, 0, true, None);
        assert_eq!(
            text(&failure(), &ui),
            "error: creating the infra node\n\
             caused by: no space left on device\n\
             left behind: container bex-mgmt-control-plane (created)\n\
             hint: docker system prune"
        );
    }

    #[test]
    fn a_json_error_carries_the_exit_code() {
        let value: serde_json::Value = serde_json::from_str(&json(&failure())).unwrap();
        assert_eq!(value["error"]["exitCode"], 1);
        assert_eq!(value["error"]["causes"][0], "no space left on device");
    }
}
