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
use crate::spec::{self, Platform};
use crate::tools::docker::Docker;
use crate::world::World;

/// Limit of verbs that only look.
pub(super) const READING: Duration = Duration::from_mins(1);

const DEFAULT_NAME: &str = "bex";

/// Where the nodes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Substrate {
    /// Docker containers on this machine
    Local,
}

/// The platform that a verb is about: a substrate with defaults, or a spec.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Where the nodes come from
    #[arg(value_enum, required_unless_present = "file", conflicts_with = "file")]
    substrate: Option<Substrate>,
    #[command(flatten)]
    pub(super) which: Which,
}

/// A platform that exists; where its nodes come from can be left out.
#[derive(Debug, Args)]
pub(super) struct Existing {
    /// Where the nodes come from
    #[arg(
        value_enum,
        default_value = "local",
        hide_default_value = true,
        conflicts_with = "file"
    )]
    substrate: Substrate,
    #[command(flatten)]
    pub(super) which: Which,
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

    /// A platform to look at, resize or take down. A bundle that is gone must keep nobody from that.
    pub(super) fn existing(&self) -> Result<Meant> {
        let bundle = self
            .bundle
            .as_deref()
            .and_then(|dir| Bundle::open(dir).ok());
        self.meant(DEFAULT_NAME, None, bundle)
    }

    /// From the spec, or from defaults with `workers` in the only pool. Usage errors name file, line and field.
    pub(super) fn platform(&self, workers: Option<u32>) -> Result<Meant> {
        self.platform_or(DEFAULT_NAME, workers)
    }

    /// Like [`Which::platform`], with another name where none was given.
    pub(super) fn platform_or(&self, name: &str, workers: Option<u32>) -> Result<Meant> {
        let bundle = self.bundle.as_deref().map(Bundle::open).transpose()?;
        self.meant(name, workers, bundle)
    }

    fn meant(&self, name: &str, workers: Option<u32>, bundle: Option<Bundle>) -> Result<Meant> {
        let catalog = match &bundle {
            Some(bundle) => bundle.catalog().clone(),
            None => Catalog::builtin()?,
        };
        let name = self.name.as_deref().unwrap_or(name);
        let platform = match &self.file {
            Some(file) => from_file(file, &catalog)?,
            None => spec::local(name, workers, &catalog)?,
        };
        Ok(Meant { platform, bundle })
    }
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
        World::new(
            Docker::connect().await?,
            home,
            self.bundle,
            self.platform,
            timeout,
        )
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
