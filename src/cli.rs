//! One file per verb. With `ui`, the only code that prints.

mod args;
mod bundle;
mod completions;
mod doctor;
mod down;
mod gc;
mod kubeconfig;
mod plan;
mod preflight;
mod render;
mod resize;
mod scale;
mod sim;
mod smoke;
mod status;
mod up;
mod version;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::{ArgAction, Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::run::Control;
use crate::ui::Ui;
use crate::ui::interrupt;
use crate::ui::output::Format;

/// Your own platform: an infra cluster and an app cluster, kept the right size
#[derive(Debug, Parser)]
#[command(
    name = "bex-infra",
    version,
    max_term_width = 100,
    after_help = "\
Example:
  bex-infra up local               bring up both clusters in Docker
  bex-infra scale workers 3        three workers for your Apps
  bex-infra down local             leave nothing behind

Exit codes: 0 done, 1 failed, 2 usage, 3 refused by a safety rule, 4 you must act, 130 interrupted"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
struct Global {
    /// Print nothing but data and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say also what starts and what is waited for; -vv adds the log
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Never use colour (also: `NO_COLOR`, `TERM=dumb`)
    #[arg(long, global = true)]
    no_color: bool,
    /// How data is printed on stdout
    #[arg(short, long, global = true, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Up(up::Up),
    Down(down::Down),
    Plan(plan::Plan),
    Status(status::Status),
    Scale(scale::Scale),
    Resize(resize::Resize),
    Kubeconfig(kubeconfig::Kubeconfig),
    Doctor(doctor::Doctor),
    Render(render::Render),
    Bundle(bundle::Bundle),
    Smoke(smoke::Smoke),
    Gc(gc::Gc),
    Sim(sim::Sim),
    Completions(completions::Completions),
    Version(version::Version),
}

impl Cli {
    /// How this run is to speak.
    pub fn ui(&self) -> Ui {
        let Global {
            quiet,
            verbose,
            no_color,
            output,
        } = self.global;
        Ui::new(quiet, verbose, no_color, output)
    }

    pub fn run(self, ui: &Ui) -> Result<()> {
        if ui.verbose > 1 {
            start_log(ui.verbose);
        }
        match self.verb {
            Verb::Up(up) => block_on(up.run(ui)),
            Verb::Down(down) => block_on(down.run(ui)),
            Verb::Plan(plan) => block_on(plan.run(ui)),
            Verb::Status(status) => block_on(status.run(ui)),
            Verb::Scale(scale) => block_on(scale.run(ui)),
            Verb::Resize(resize) => block_on(resize.run(ui)),
            Verb::Kubeconfig(kubeconfig) => block_on(kubeconfig.run(ui)),
            Verb::Doctor(doctor) => block_on(doctor.run(ui)),
            Verb::Render(render) => render.run(ui),
            Verb::Bundle(bundle) => block_on(bundle.run(ui)),
            Verb::Smoke(smoke) => block_on(smoke.run(ui)),
            Verb::Gc(gc) => block_on(gc.run(ui)),
            Verb::Sim(sim) => block_on(sim.run(ui)),
            Verb::Completions(completions) => completions.run(),
            Verb::Version(version::Version {}) => version::run(ui),
        }
    }
}

/// Only verbs that need them pay for threads and cryptography.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    // A second installation is refused and harmless: it is the same provider.
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = Runtime::new().context("starting the runtime")?;
    let result = runtime.block_on(work);
    // Reads that hang in a thread must not keep the process.
    runtime.shutdown_background();
    result
}

/// Shows the progress of `work`, which Ctrl-C stops between steps. Returns its result and how long it took.
async fn show<T, F: Future<Output = Result<T>>>(
    ui: &Ui,
    work: impl FnOnce(Control) -> F,
) -> Result<(T, Duration)> {
    let cancel = interrupt::on_signal()?;
    let progress = ui.progress();
    let control = Control {
        events: progress.sender(),
        cancel: cancel.clone(),
    };
    let shown = progress.show(cancel);
    let result = work(control).await;
    let took = shown.finish().await;
    Ok((result?, took))
}

fn start_log(verbose: u8) {
    // The clients' own logs hold whole requests, and with them keys and certificates.
    let filter = if verbose > 2 {
        "info,bex_infra=trace,bollard=warn,hyper=warn,kube_client=off,kube_runtime=debug"
    } else {
        "warn,bex_infra=debug,kube_client=off"
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
