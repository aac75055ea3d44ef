//! What a price list has, as the machine types of a workload.

use std::collections::BTreeMap;

use super::Type;
use crate::names::INSTANCE_TYPE;
use crate::resize::prices::{Location, MachineType, PriceList};

const MILLIONTHS: f64 = 1e6;

/// Each machine type in each location where it can be had now.
pub fn types(prices: &PriceList) -> Vec<Type> {
    let all = prices.types.iter().flat_map(|of| {
        let locations = of.locations.iter().filter(|location| location.available);
        locations.map(move |location| offer(of, location))
    });
    all.collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no machine costs more than 2^53 millionths an hour"
)]
fn offer(of: &MachineType, location: &Location) -> Type {
    let labels = [
        ("kubernetes.io/arch", &of.architecture),
        (INSTANCE_TYPE, &of.name),
        ("topology.kubernetes.io/region", &location.name),
        ("topology.kubernetes.io/zone", &location.name),
    ];
    let allocatable = of.allocatable().into_iter().map(|(resource, amount)| {
        // CPUs are counted in thousandths, everything else in units.
        let unit = if resource == "cpu" { "m" } else { "" };
        (resource, format!("{amount}{unit}"))
    });
    Type {
        name: format!("{}-{}", of.name, location.name),
        hourly: location.hourly.0 as f64 / MILLIONTHS,
        allocatable: allocatable.collect(),
        labels: BTreeMap::from(labels.map(|(key, value)| (key.to_owned(), value.clone()))),
        taints: Vec::new(),
        limit: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resize::offer::Price;

    #[test]
    fn a_type_is_offered_where_it_can_be_had() {
        let location = |name: &str, available| Location {
            name: name.to_owned(),
            hourly: Price(12_500),
            available,
        };
        let machine = MachineType {
            name: "cpx22".to_owned(),
            architecture: "amd64".to_owned(),
            cpus: 2,
            memory_gib: 4.0,
            disk_gb: 80,
            locations: vec![location("nbg1", true), location("fsn1", false)],
            ..MachineType::default()
        };
        let prices = PriceList {
            types: vec![machine],
            ..PriceList::default()
        };
        let types = types(&prices);
        let [only] = types.as_slice() else {
            panic!("{types:?}")
        };
        assert_eq!((only.name.as_str(), only.hourly), ("cpx22-nbg1", 0.0125));
        assert_eq!(only.allocatable["cpu"], "2000m");
        assert_eq!(only.labels["topology.kubernetes.io/zone"], "nbg1");
    }
}
