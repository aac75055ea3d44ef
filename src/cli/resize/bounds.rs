//! What the resize loop may do, from the command line and from a file.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use crate::failure::Failure;
use crate::resize::offer::Price;
use crate::resize::policy::{Policy, values};
use crate::resize::prices::PriceList;
use crate::spec;

/// Bounds that hold whatever pods wait.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Bounds of the resize loop")]
pub(in crate::cli) struct Bounds {
    /// What the loop may do (YAML), like `spec.resize`; see examples/policy.yaml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    policy: Option<PathBuf>,
    /// All machines together may cost so much an hour
    #[arg(long, value_name = "AMOUNT", value_parser = values::money)]
    max_hourly_cost: Option<Price>,
    /// All machines together may cost so much a month of 730 hours
    #[arg(long, value_name = "AMOUNT", value_parser = values::money)]
    max_monthly_cost: Option<Price>,
    /// What machines cost: `hetzner`, or a price list (YAML) of your own
    #[arg(long, value_name = "NAME|FILE", default_value = "hetzner")]
    prices: String,
}

impl Bounds {
    /// The file's policy, or `usual`, with the amounts of the command line.
    pub(in crate::cli) fn policy(&self, usual: Policy) -> Result<Policy, Failure> {
        let mut policy = match &self.policy {
            Some(path) => spec::policy(&read(path)?, &path.display().to_string())?,
            None => usual,
        };
        policy.max_hourly_cost = self.max_hourly_cost.or(policy.max_hourly_cost);
        policy.max_monthly_cost = self.max_monthly_cost.or(policy.max_monthly_cost);
        Ok(policy)
    }

    pub(in crate::cli) fn prices(&self) -> Result<PriceList, Failure> {
        prices("--prices", &self.prices)
    }
}

/// A built-in price list by its name, or one of a file; a name has neither `/` nor `.`. `flag` is where it was named.
pub(super) fn prices(flag: &str, name: &str) -> Result<PriceList, Failure> {
    if name.contains(['/', '.']) {
        let wrong = |error| Failure::usage(format!("{name}: {error:#}"));
        let list: PriceList = spec::typed(&read(Path::new(name))?, name)?;
        list.check().map_err(wrong)?;
        return Ok(list);
    }
    PriceList::named(name).map_err(|error| Failure::usage(format!("{flag}: {error:#}")))
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = || format!("cannot read {}", path.display());
    fs::read_to_string(path).map_err(|error| Failure::usage(cannot()).because(error))
}
