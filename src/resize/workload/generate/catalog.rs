//! Machine types of a price list as a workload has them.

use std::collections::BTreeMap;

use super::build::{INSTANCE_TYPE, ZONE};
use super::diverse::owned;
use crate::random::Random;
use crate::resize::prices::{Location, MachineType, PriceList};
use crate::resize::workload::Type;

/// Says of a machine whether its CPUs are nobody else's.
pub(super) const DEDICATED: &str = "infra.bex.co/dedicated";
pub(super) const ARCHITECTURE: &str = "kubernetes.io/arch";

/// Which types of a price list are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family<'a> {
    /// What their names may begin with.
    pub prefixes: &'a [&'a str],
    pub location: &'a str,
    /// Those that are sold out too, as if they were not.
    pub sold_out_too: bool,
}

/// The types of a family, in the order of the list.
pub fn catalog(prices: &PriceList, family: Family) -> Vec<Type> {
    let mut types = Vec::new();
    for of in &prices.types {
        let begins = |prefix: &&str| of.name.starts_with(*prefix);
        for at in &of.locations {
            let had = at.available || family.sold_out_too;
            if family.prefixes.iter().any(begins) && at.name == family.location && had {
                types.push(machine(of, at));
            }
        }
    }
    types
}

/// The same when of some types there are only a few machines left, twenty at most, and perhaps none: of those whose
/// names begin so.
pub fn few_left(mut types: Vec<Type>, prefixes: &[&str], seed: u64) -> Vec<Type> {
    let mut random = Random::new(seed);
    for of in &mut types {
        if prefixes.iter().any(|prefix| of.name.starts_with(prefix)) {
            of.limit = Some(random.below(21));
        }
    }
    types
}

fn machine(of: &MachineType, at: &Location) -> Type {
    let dedicated = if of.dedicated { "true" } else { "false" };
    let labels = [
        (INSTANCE_TYPE, of.name.as_str()),
        (ARCHITECTURE, of.architecture.as_str()),
        ("kubernetes.io/os", "linux"),
        ("topology.kubernetes.io/region", at.name.as_str()),
        (ZONE, at.name.as_str()),
        (DEDICATED, dedicated),
    ];
    #[expect(
        clippy::cast_precision_loss,
        reason = "millionths of a price are far below 2^53"
    )]
    let hourly = at.hourly.0 as f64 / 1e6;
    Type {
        name: format!("{}-{}", of.name, at.name),
        hourly,
        allocatable: of
            .allocatable()
            .iter()
            .map(quantity)
            .collect::<BTreeMap<_, _>>(),
        labels: owned(&labels),
        ..Type::default()
    }
}

fn quantity((name, amount): (&String, &i64)) -> (String, String) {
    let unit = if name == "cpu" { "m" } else { "" };
    (name.clone(), format!("{amount}{unit}"))
}
