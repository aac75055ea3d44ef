use anyhow::Result;
use clap::Args;

use super::args::{Limit, READING, Resize, Target};
use crate::plan;
use crate::run;
use crate::ui::Ui;
use crate::ui::table::sentences;

/// Print the steps that `up` would perform, each with its reason, and stop
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra plan local
  bex-infra plan -f platform.yaml -o json")]
pub(super) struct Plan {
    #[command(flatten)]
    target: Target,
    /// Number of workers
    #[arg(long, value_name = "N", conflicts_with = "file")]
    workers: Option<u32>,
    #[command(flatten)]
    resize: Resize,
}

impl Plan {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let meant = self.resize.size(self.target.platform(self.workers)?)?;
        let mut world = meant.world(Limit::default(), READING).await?;
        world.look_for_resize()?;
        let plan = run::plan_up(&world).await?;
        ui.data(&plan, |plan| text(world.names().platform(), plan))
    }
}

/// A plan for people: one line for each step, with its reason.
pub(super) fn text(platform: &str, plan: &plan::Plan) -> String {
    if plan.steps.is_empty() {
        return format!("{platform}: nothing to do");
    }
    let count = steps(plan.steps.len());
    let rows = plan
        .steps
        .iter()
        .map(|step| [String::new(), step.action.to_string(), step.reason.clone()]);
    format!("{platform}: {count}\n{}", sentences(rows))
}

/// `1 step`, `3 steps`.
pub(super) fn steps(count: usize) -> String {
    match count {
        1 => "1 step".to_owned(),
        count => format!("{count} steps"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, Step};

    #[test]
    fn a_plan_reads_as_steps_with_reasons() {
        let step = |action, reason: &str| Step {
            action,
            reason: reason.into(),
            after: vec![],
        };
        let steps = vec![
            step(
                Action::ScalePool {
                    group: "worker-0".into(),
                    from: 1,
                    to: 3,
                },
                "asked for",
            ),
            step(Action::WriteKubeconfig, "it is missing"),
        ];
        assert_eq!(
            text("bex", &plan::Plan { steps }),
            "bex: 2 steps\n   scale worker-0 from 1 to 3  asked for\n   write kubeconfig            it is missing"
        );
        assert_eq!(text("bex", &plan::Plan::default()), "bex: nothing to do");
    }
}
