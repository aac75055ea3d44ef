use anyhow::Result;
use clap::{ArgAction, Args, ValueEnum};

use super::args::{Limit, Which};
use super::{plan, show};
use crate::plan::Resize;
use crate::run::{self, Scaled};
use crate::ui::Ui;
use crate::ui::progress::seconds;

/// Change the number of workers and wait until they are Ready or gone
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra scale workers 3
  bex-infra scale workers +1 --pool batch
  bex-infra scale workers -2 --dry-run

Workers that go are drained first. A node whose pods have nowhere to go is not taken without --force.")]
pub(super) struct Scale {
    /// What to scale
    #[arg(value_enum)]
    what: What,
    /// The number wanted, or a change: 3, +1, -2
    #[arg(value_name = "N", value_parser = resize, allow_negative_numbers = true)]
    size: Resize,
    /// The pool; not needed if there is one only
    #[arg(long)]
    pool: Option<String>,
    /// Wait until the nodes are Ready or gone
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true", num_args = 0..=1, require_equals = true, action = ArgAction::Set)]
    wait: bool,
    /// Print what would be done, and stop
    #[arg(long)]
    dry_run: bool,
    /// Take nodes even if their pods have nowhere to go
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    limit: Limit,
}

/// What can be scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Workers of the app cluster
    Workers,
}

impl Scale {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let What::Workers = self.what;
        let names = self.which.names()?;
        let scale = run::Scale {
            pool: self.pool.as_deref(),
            resize: self.size,
            wait: self.wait,
            force: self.force,
            dry_run: self.dry_run,
        };
        let (scaled, took) = show(ui, self.limit.timeout, |work| {
            run::scale(&names, scale, work)
        })
        .await?;
        if !self.dry_run {
            ui.say(&format!("{} ({})", came_and_went(&scaled), seconds(took)));
        }
        ui.data(&scaled, |scaled| {
            if self.dry_run {
                plan::text(names.platform(), &scaled.plan)
            } else {
                String::new()
            }
        })
    }
}

fn came_and_went(scaled: &Scaled) -> String {
    let Scaled {
        pool,
        plan,
        came,
        went,
    } = scaled;
    let mut parts = Vec::new();
    if !came.is_empty() {
        parts.push(format!("came: {}", came.join(", ")));
    }
    if !went.is_empty() {
        parts.push(format!("went: {}", went.join(", ")));
    }
    match (plan.is_empty(), parts.is_empty()) {
        (true, _) => format!("pool {pool}: nothing to do"),
        (false, true) => format!("pool {pool}: scaled"),
        (false, false) => format!("pool {pool}: {}", parts.join("; ")),
    }
}

fn resize(text: &str) -> Result<Resize, &'static str> {
    let wrong = "write a number of workers, like 3, or a change, like +1 or -2";
    if text.starts_with(['+', '-']) {
        return text.parse().map(Resize::By).map_err(|_| wrong);
    }
    text.parse().map(Resize::To).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_makes_a_change_of_a_number() {
        assert_eq!(resize("3"), Ok(Resize::To(3)));
        assert_eq!(resize("+1"), Ok(Resize::By(1)));
        assert_eq!(resize("-2"), Ok(Resize::By(-2)));
        for wrong in ["", "many", "1.5", "+", "--1", "99999999999"] {
            assert!(resize(wrong).is_err(), "{wrong}");
        }
    }
}
