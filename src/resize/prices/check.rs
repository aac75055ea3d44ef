//! What a price list must not say. Pure.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};

use super::{Location, MachineType, PriceList};

/// No machine costs more than this an hour: 10,000 of the currency's unit. A price beyond is one in the wrong unit.
const DEAREST: u64 = 10_000_000_000;
/// No machine is larger than this.
const MOST_MEMORY_GIB: f64 = 65_536.0;
const MOST_CPUS: u32 = 65_536;

const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

impl PriceList {
    /// The error names the first field that is wrong, by its path.
    pub fn check(&self) -> Result<()> {
        ensure!(
            !self.currency.is_empty(),
            "currency: is empty; expected something like EUR"
        );
        ensure!(
            !self.types.is_empty(),
            "types: is empty; a list needs at least one machine type"
        );
        let mut names = BTreeSet::new();
        for (place, of) in self.types.iter().enumerate() {
            let path = format!("types[{place}]");
            ensure!(!of.name.is_empty(), "{path}.name: is empty");
            ensure!(
                names.insert(&of.name),
                "{path}.name: `{}` is there twice",
                of.name
            );
            machine_type(&format!("{path} ({})", of.name), of)?;
        }
        Ok(())
    }
}

fn machine_type(path: &str, of: &MachineType) -> Result<()> {
    let architecture = of.architecture.as_str();
    ensure!(
        ARCHITECTURES.contains(&architecture),
        "{path}.architecture: is `{architecture}`; expected amd64 or arm64"
    );
    ensure!(
        (1..=MOST_CPUS).contains(&of.cpus),
        "{path}.cpus: is {}; expected 1 to {MOST_CPUS}",
        of.cpus
    );
    let memory = of.memory_gib;
    ensure!(
        memory > 0.0 && memory <= MOST_MEMORY_GIB,
        "{path}.memoryGib: is {memory}; expected more than 0, at most {MOST_MEMORY_GIB}"
    );
    ensure!(of.disk_gb > 0, "{path}.diskGb: is 0");
    ensure!(
        !of.locations.is_empty(),
        "{path}.locations: is empty; say where it can be had"
    );
    let mut names = BTreeSet::new();
    for (place, at) in of.locations.iter().enumerate() {
        let path = format!("{path}.locations[{place}]");
        ensure!(
            names.insert(&at.name),
            "{path}.name: `{}` is there twice",
            at.name
        );
        location(&path, at)?;
    }
    Ok(())
}

fn location(path: &str, at: &Location) -> Result<()> {
    ensure!(!at.name.is_empty(), "{path}.name: is empty");
    match at.hourly.0 {
        0 => bail!("{path}.hourly: is 0; expected millionths of the currency's unit an hour"),
        price if price > DEAREST => bail!(
            "{path}.hourly: is {price}, more than 10,000 an hour; expected millionths of the currency's unit"
        ),
        _ => Ok(()),
    }
}
