//! Machine types that a simulated platform can be made of: its own usual one and those of the price list.

use super::problems::nearest;
use super::{Rung, Size};
use crate::resize::prices::{MachineType, PriceList};

/// The price list that simulated machines are taken from.
const PRICES: &str = "hetzner";

/// A machine type and where it can be had.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) size: Size,
    locations: Vec<String>,
}

/// The machine type of that name. An error is the end of a sentence that begins with the field's name.
pub(super) fn machine(name: &str) -> Result<Machine, String> {
    let usual = Rung::usual();
    if name == usual.machine_type {
        return Ok(Machine {
            name: usual.machine_type,
            size: usual.size,
            locations: vec![usual.location],
        });
    }
    let prices = PriceList::named(PRICES).map_err(|error| format!("{error:#}"))?;
    match prices.types.iter().find(|of| of.name == name) {
        Some(found) => Ok(Machine::of(found)),
        None => Err(unknown(name, &usual.machine_type, &prices)),
    }
}

fn unknown(name: &str, usual: &str, prices: &PriceList) -> String {
    let known = || prices.types.iter().map(|of| of.name.as_str());
    let meant = nearest(name, known().chain([usual]));
    if let Some(meant) = meant {
        return format!("there is no machine type `{name}`; did you mean `{meant}`?");
    }
    let known: Vec<&str> = known().collect();
    let known = known.join(", ");
    format!("there is no machine type `{name}`; expected {usual} or one of {known}")
}

impl Machine {
    fn of(found: &MachineType) -> Self {
        Self {
            name: found.name.clone(),
            size: Size {
                cpus: found.cpus,
                memory_mib: mebibytes(found.memory_gib),
                disk_gib: found.disk_gb,
            },
            locations: found
                .locations
                .iter()
                .map(|location| location.name.clone())
                .collect(),
        }
    }

    /// That location, if the type can be had there at all; it may be sold out.
    pub(super) fn location(&self, name: &str) -> Result<String, String> {
        if self.locations.iter().any(|location| location == name) {
            return Ok(name.to_owned());
        }
        let (of, expected) = (&self.name, self.locations.join(", "));
        Err(format!(
            "{of} cannot be had in `{name}`; expected {expected}"
        ))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a price list has no machine with negative or petabytes of memory"
)]
fn mebibytes(gibibytes: f64) -> u32 {
    (gibibytes * 1024.0) as u32
}
