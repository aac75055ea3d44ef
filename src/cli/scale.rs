mod auto;
mod explain;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{ArgAction, Args, ValueEnum};
use serde::Serialize;

use self::auto::Auto;
use super::args::{Limit, Which};
use super::{plan, show};
use crate::failure::Failure;
use crate::observe::App;
use crate::observe::platform::observe;
use crate::plan::{Plan, Resize, workers};
use crate::run;
use crate::ui::Ui;
use crate::ui::progress::seconds;

/// Change the number of workers and wait until they are Ready or gone
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  bex-infra scale workers 3
  bex-infra scale workers +1 --pool batch
  bex-infra scale workers -2 --dry-run
  bex-infra scale workers --auto --max 10
  bex-infra scale workers --explain --pod default/web-0

Workers that go are drained first. A node whose pods have nowhere to go is not taken without --force.")]
pub(super) struct Scale {
    /// What to scale
    #[arg(value_enum)]
    what: What,
    /// The number wanted, or a change: 3, +1, -2
    #[arg(value_name = "N", value_parser = resize, allow_negative_numbers = true, required_unless_present_any = ["auto", "explain"], conflicts_with_all = ["auto", "explain", "policy", "max_hourly_cost", "max_monthly_cost", "prices"])]
    size: Option<Resize>,
    /// The pool; not needed if there is one only
    #[arg(long, conflicts_with = "explain")]
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
    auto: Auto,
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

const USUALLY: Duration = Duration::from_mins(10);

impl Scale {
    pub(super) async fn run(self, ui: &Ui) -> Result<()> {
        let What::Workers = self.what;
        let begun = Instant::now();
        let world = self.which.existing()?.world(self.limit, USUALLY).await?;
        // Taking the lock makes a directory: not for a platform that is not there.
        if !world.home.exists() || self.auto.is_asked() {
            run::require_app_cluster(&world).await?;
        }
        let Some(size) = self.size else {
            return self
                .auto
                .run(ui, &world, self.pool.as_deref(), self.dry_run)
                .await;
        };
        let _lock = if self.dry_run {
            None
        } else {
            Some(world.home.lock("scale")?)
        };
        let app = observe(&world).await?.app.unwrap_or_default();
        let pool = match &self.pool {
            Some(pool) => pool.clone(),
            None => only_pool(&app)?,
        };
        let mut plan = run::plan_scale(&world, &pool, size, self.force).await?;
        if self.dry_run {
            return ui.data(&plan, |plan| plan::text(world.names().platform(), plan));
        }
        if !self.wait {
            plan.steps.retain(|step| !step.action.only_waits());
        }
        show(ui, async |control| {
            run::scale(&world, &plan, &control).await
        })
        .await?;
        let changed =
            Changed::between(&pool, &app, &observe(&world).await?.app.unwrap_or_default());
        let verb = if self.wait { "has" } else { "will have" };
        ui.say(&format!(
            "{} ({})",
            changed.text(&plan, verb),
            seconds(begun.elapsed())
        ));
        ui.data(&changed, |_| String::new())
    }
}

/// Without `--pool` there must be no choice. Where there is no pool at all, planning says what is missing.
fn only_pool(app: &App) -> Result<String, Failure> {
    let names: Vec<&str> = app.pools.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => Ok(String::new()),
        [only] => Ok((*only).to_owned()),
        several => Err(Failure::usage("there are several pools")
            .hint(format!("--pool is one of: {}", several.join(", ")))),
    }
}

/// Nodes that joined a pool and nodes that left it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Changed {
    pool: String,
    workers: u32,
    came: Vec<String>,
    went: Vec<String>,
}

impl Changed {
    fn between(pool: &str, before: &App, after: &App) -> Self {
        let (old, new) = (nodes(pool, before), nodes(pool, after));
        Self {
            pool: pool.to_owned(),
            workers: after.pools.get(pool).map_or(0, |pool| pool.replicas),
            came: new.difference(&old).map(ToString::to_string).collect(),
            went: old.difference(&new).map(ToString::to_string).collect(),
        }
    }

    /// `verb` is "has", or what else is true of the pool and its size.
    fn text(&self, plan: &Plan, verb: &str) -> String {
        let Self {
            pool,
            workers: replicas,
            came,
            went,
        } = self;
        let size = workers(*replicas);
        if plan.is_empty() {
            return format!("pool {pool} has {size}; nothing to do");
        }
        let listed = |what: &str, nodes: &[String]| match nodes {
            [] => String::new(),
            nodes => format!("; {what}: {}", nodes.join(", ")),
        };
        format!(
            "pool {pool} {verb} {size}{}{}",
            listed("came", came),
            listed("went", went)
        )
    }
}

/// Names of the pool's nodes.
fn nodes<'a>(pool: &str, app: &'a App) -> BTreeSet<&'a str> {
    let machines = app.machines.iter().filter(|machine| machine.pool == pool);
    machines
        .filter_map(|machine| machine.node.as_deref())
        .collect()
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
    use crate::observe::{Machine, Pool};
    use crate::plan::{Action, Step};

    #[test]
    fn who_came_and_who_went_is_told_by_node() {
        let app = |nodes: &[&str]| App {
            machines: nodes
                .iter()
                .map(|node| Machine {
                    pool: "a".into(),
                    node: Some((*node).into()),
                    ..Machine::default()
                })
                .collect(),
            pools: [(
                "a".to_owned(),
                Pool {
                    replicas: 2,
                    ..Pool::default()
                },
            )]
            .into(),
            ..App::default()
        };
        let changed = Changed::between("a", &app(&["one", "two"]), &app(&["two", "three"]));
        let plan = Plan {
            steps: vec![Step {
                action: Action::WriteKubeconfig,
                reason: String::new(),
                after: vec![],
            }],
        };
        assert_eq!(
            changed.text(&plan, "has"),
            "pool a has 2 workers; came: three; went: one"
        );
        assert_eq!(
            changed.text(&Plan::default(), "will have"),
            "pool a has 2 workers; nothing to do"
        );
    }

    #[test]
    fn without_a_name_the_pool_must_be_the_only_one() {
        let app = |pools: &[&str]| App {
            pools: pools
                .iter()
                .map(|pool| ((*pool).to_owned(), Pool::default()))
                .collect(),
            ..App::default()
        };
        assert_eq!(only_pool(&app(&["a"])).unwrap(), "a");
        assert!(only_pool(&app(&["a", "b"])).is_err());
    }

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
