//! The resize loop in the foreground, and what it would do.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueHint};

use super::{explain, only_pool};
use crate::cli::resize::bounds::Bounds;
use crate::cli::resize::lines::Lines;
use crate::cli::show;
use crate::failure::Failure;
use crate::observe::platform::observe;
use crate::observe::policy;
use crate::resize::live::decide_once;
use crate::run;
use crate::service::{self, Service};
use crate::spec::{MAX_REPLICAS, Sizes};
use crate::tools::kube::Client;
use crate::ui::{Ui, interrupt};
use crate::world::World;

/// What to leave to the resize loop.
#[derive(Debug, Args)]
#[command(next_help_heading = "Resize loop")]
pub(super) struct Auto {
    /// Let pods that wait bring workers, and take away those that nobody needs, until Ctrl-C
    #[arg(id = "auto", long = "auto")]
    runs: bool,
    /// Say why each pod waits, why each node stays, and what would be done; change nothing
    #[arg(long, conflicts_with = "auto")]
    explain: bool,
    /// Explain this pod only
    #[arg(long, value_name = "NS/NAME", requires = "explain", value_parser = pod)]
    pod: Option<String>,
    /// Let the pool have no fewer workers; kept beyond this run [default: 1]
    #[arg(long, value_name = "N", requires = "max")]
    min: Option<u32>,
    /// Let the pool have no more workers; kept beyond this run
    #[arg(long, value_name = "N", requires = "auto", conflicts_with = "dry_run", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_REPLICAS)))]
    max: Option<u32>,
    /// Keep what was seen and decided, for `bex-infra resize replay` and `report`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "auto")]
    log: Option<PathBuf>,
    #[command(flatten)]
    bounds: Bounds,
}

impl Auto {
    /// Whether it is the loop's business at all.
    pub(super) fn is_asked(&self) -> bool {
        self.runs || self.explain
    }

    /// `pool` is the one that `--min` and `--max` are meant for; not needed if there is one only.
    pub(super) async fn run(
        self,
        ui: &Ui,
        world: &World,
        pool: Option<&str>,
        dry_run: bool,
    ) -> Result<()> {
        if pool.is_some() && self.max.is_none() {
            return Err(Failure::usage("--pool says for which pool --max is meant")
                .hint("the loop looks after all pools that have a maximum")
                .into());
        }
        let (infra, app) = (world.infra_client().await?, world.app_client().await?);
        let installed = policy::installed(&infra, &world.platform).await?;
        let service = Service {
            policy: self.bounds.policy(installed)?,
            prices: self.bounds.prices()?,
            log: self.log,
            ..Service::of(world.names().app_cluster())
        };
        if self.explain {
            return explain::run(ui, infra, app, service, self.pod.as_deref()).await;
        }
        if dry_run {
            let (_, decision) = decide_once(infra, app, &service.options()).await?;
            return ui.data(&decision, ToString::to_string);
        }
        if let Some(max) = self.max {
            let min = self.min.unwrap_or(1);
            let pool = match pool {
                Some(pool) => pool.to_owned(),
                None => only_pool(&observe(world).await?.app.unwrap_or_default())?,
            };
            let plan = run::plan_size(world, &pool, Sizes { min, max }).await?;
            show(ui, async |control| run::scale(world, &plan, &control).await).await?;
        }
        foreground(ui, infra, app, service).await
    }
}

async fn foreground(ui: &Ui, infra: Client, app: Client, service: Service) -> Result<()> {
    let cancel = interrupt::on_signal()?;
    let (lines, sink) = Lines::start(*ui);
    ui.say("resizing until Ctrl-C");
    let service = Service {
        sinks: vec![sink],
        ..service
    };
    let ended = service::run(infra, app, service, cancel).await;
    lines.finish().await?;
    ended
}

fn pod(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => Ok(text.to_owned()),
        _ => Err("write a namespace and a name, like default/web-0".to_owned()),
    }
}
