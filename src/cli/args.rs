//! Arguments that several verbs share.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum, ValueHint};
use jiff::SignedDuration;

use crate::catalog::Catalog;
use crate::catalog::bundle::Bundle;
use crate::failure::Failure;
use crate::home::Home;
use crate::spec::{self, Platform, Sizes};
use crate::substrate::Backend;
use crate::substrate::sim::{Server, State};
use crate::tools::docker::Docker;
use crate::world::World;

/// Limit of verbs that only look.
pub(super) const READING: Duration = Duration::from_mins(1);

const DEFAULT_NAME: &str = "bex";

/// Where the nodes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Substrate {
    /// Entries in memory, made by an embedded Kubernetes: needs nothing
    Sim,
    /// Docker containers on this machine
    Local,
}

impl From<Substrate> for spec::Substrate {
    fn from(substrate: Substrate) -> Self {
        match substrate {
            Substrate::Sim => Self::Sim,
            Substrate::Local => Self::Local,
        }
    }
}

/// The platform that a verb is about: a substrate with defaults, or a spec.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Where the nodes come from
    #[arg(value_enum, required_unless_present = "file", conflicts_with = "file")]
    substrate: Option<Substrate>,
    #[command(flatten)]
    which: Which,
}

impl Target {
    /// A platform to take down. A bundle that is gone must keep nobody from that.
    pub(super) fn existing(&self) -> Result<Meant> {
        self.which.existing_on(self.substrate.map(Into::into))
    }

    /// From the spec, or from defaults with `workers` in the only pool. Usage errors name file, line and field.
    pub(super) fn platform(&self, workers: Option<u32>) -> Result<Meant> {
        self.platform_or(DEFAULT_NAME, workers)
    }

    /// Like [`Target::platform`], with another name where none was given.
    pub(super) fn platform_or(&self, name: &str, workers: Option<u32>) -> Result<Meant> {
        let bundle = self.which.bundle.as_deref().map(Bundle::open).transpose()?;
        let substrate = self.substrate.map(Into::into);
        self.which.meant(substrate, name, workers, bundle)
    }
}

/// A platform that exists; where its nodes come from can be left out.
#[derive(Debug, Args)]
pub(super) struct Existing {
    /// Where the nodes come from
    #[arg(value_enum, conflicts_with = "file")]
    substrate: Option<Substrate>,
    #[command(flatten)]
    which: Which,
}

impl Existing {
    /// A platform to look at. A bundle that is gone must keep nobody from that.
    pub(super) fn existing(&self) -> Result<Meant> {
        self.which.existing_on(self.substrate.map(Into::into))
    }

    /// A platform that need not exist yet.
    pub(super) fn platform(&self) -> Result<Meant> {
        let bundle = self.which.bundle.as_deref().map(Bundle::open).transpose()?;
        let substrate = self.substrate.map(Into::into);
        self.which.meant(substrate, DEFAULT_NAME, None, bundle)
    }
}

/// Which platform, by name or by spec.
#[derive(Debug, Args)]
#[command(next_help_heading = "Platform")]
pub(super) struct Which {
    /// Platform spec (YAML) to use instead of defaults
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Name of the platform [default: bex]
    #[arg(long, conflicts_with = "file")]
    name: Option<String>,
    /// Directory with images and manifests to use instead of the network
    #[arg(long, env = "BEX_BUNDLE", hide_env_values = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    bundle: Option<PathBuf>,
}

/// The platform that was meant, and the bundle to make it from.
pub(super) struct Meant {
    pub(super) platform: Platform,
    bundle: Option<Bundle>,
}

impl Which {
    /// The platform of that name, with defaults.
    pub(super) fn of(name: String) -> Self {
        Self {
            file: None,
            name: Some(name),
            bundle: None,
        }
    }

    /// A platform to resize or take down, wherever its nodes come from.
    pub(super) fn existing(&self) -> Result<Meant> {
        self.existing_on(None)
    }

    fn existing_on(&self, substrate: Option<spec::Substrate>) -> Result<Meant> {
        let bundle = self
            .bundle
            .as_deref()
            .and_then(|dir| Bundle::open(dir).ok());
        self.meant(substrate, DEFAULT_NAME, None, bundle)
    }

    fn meant(
        &self,
        substrate: Option<spec::Substrate>,
        name: &str,
        workers: Option<u32>,
        bundle: Option<Bundle>,
    ) -> Result<Meant> {
        let catalog = match &bundle {
            Some(bundle) => bundle.catalog().clone(),
            None => Catalog::builtin()?,
        };
        let name = self.name.as_deref().unwrap_or(name);
        let platform = match (&self.file, substrate) {
            (Some(file), _) => from_file(file, &catalog)?,
            (None, Some(substrate)) => spec::default(substrate, name, workers, &catalog)?,
            (None, None) => spec::default(substrate_of(name)?, name, workers, &catalog)?,
        };
        Ok(Meant { platform, bundle })
    }
}

/// Where the nodes of a platform come from, as far as this machine knows it: what is not simulated is in Docker.
fn substrate_of(name: &str) -> Result<spec::Substrate> {
    let server = Server::of(&Home::of(name)?);
    Ok(match server.state()? {
        State::Absent => spec::Substrate::Local,
        State::Stopped | State::Running { .. } => spec::Substrate::Sim,
    })
}

fn from_file(file: &PathBuf, catalog: &Catalog) -> Result<Platform, Failure> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read {shown}")).because(error))?;
    spec::parse(&text, &shown.to_string(), catalog)
}

impl Meant {
    /// The outside world of a run that may take `limit` or else `usually`.
    pub(super) async fn world(self, limit: Limit, usually: Duration) -> Result<World> {
        let home = Home::of(self.platform.names.platform())?;
        let timeout = limit.timeout.unwrap_or(usually);
        let backend = backend(&self.platform, &home).await?;
        World::new(backend, home, self.bundle, self.platform, timeout)
    }
}

/// Refuses a platform of that name that is somewhere else: both would use the same directory.
async fn backend(platform: &Platform, home: &Home) -> Result<Backend> {
    let server = Server::of(home);
    let simulated = server.state()? != State::Absent;
    match platform.substrate {
        spec::Substrate::Local if simulated => {
            Err(elsewhere(platform, spec::Substrate::Sim).into())
        }
        spec::Substrate::Local => Ok(Backend::Docker(Docker::connect().await?)),
        spec::Substrate::Sim if !simulated && home.kubeconfig().exists() => {
            Err(elsewhere(platform, spec::Substrate::Local).into())
        }
        spec::Substrate::Sim => Ok(Backend::Sim(server)),
    }
}

fn elsewhere(platform: &Platform, substrate: spec::Substrate) -> Failure {
    let (name, substrate) = (platform.names.platform(), substrate.name());
    Failure::refused(format!(
        "platform {name} exists already on substrate {substrate}"
    ))
    .hint("choose another --name")
    .hint(format!(
        "or take it down first: bex-infra down {substrate} --name {name}"
    ))
}

/// Whether and how far the platform is resized by itself.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Resize loop")]
pub(super) struct Resize {
    /// Let the resize loop bring workers, this many at most; it keeps those of the start
    #[arg(long, value_name = "N", conflicts_with = "file", value_parser = clap::value_parser!(u32).range(1..=i64::from(spec::MAX_REPLICAS)))]
    max: Option<u32>,
    /// Have no resize loop: an installed one is removed
    #[arg(long)]
    no_resize: bool,
}

impl Resize {
    /// Gives the default pool its sizes: what was its number of workers is its minimum.
    pub(super) fn size(self, mut meant: Meant) -> Result<Meant, Failure> {
        meant.platform.resize.enabled &= !self.no_resize;
        let Some(max) = self.max else {
            return Ok(meant);
        };
        for pool in &mut meant.platform.pools {
            let min = pool.replicas.take().unwrap_or(1);
            if min > max {
                let message = format!("--workers {min} is more than --max {max}");
                return Err(Failure::usage(message));
            }
            pool.sizes = Some(Sizes { min, max });
        }
        Ok(meant)
    }
}

/// Longest time for the whole run.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Waiting")]
pub(super) struct Limit {
    /// Give up after this time: 90s, 10m, 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

/// `90s`, `10m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write a duration with its unit, like 90s, 10m or 1h30m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_are_positive() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        for wrong in ["", "90", "-1m", "0s", "soon", "1m ago", "10 parsecs"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
