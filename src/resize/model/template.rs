//! The node that the next machine of a group becomes, before one has joined: from what annotations, the
//! infrastructure's template or the price list say.

use std::collections::BTreeMap;

use super::super::prices::{MachineType, PriceList};
use super::groups::Group;
use super::objects::Infrastructure;
use crate::names::{CAPACITY_ANNOTATION as CAPACITY, INSTANCE_TYPE};
use crate::quantity::{Quantity, Rounding};
use crate::scheduling::node::Taint;
use crate::scheduling::{Node, Resources};

/// What the annotations about sizes call the scheduler's resources.
const RESOURCES: [(&str, &str); 4] = [
    ("cpu", "cpu"),
    ("memory", "memory"),
    ("ephemeral-disk", "ephemeral-storage"),
    ("maxPods", "pods"),
];

/// What a kubelet takes, unless it is told otherwise.
const PODS: i64 = 110;

/// What it keeps free by default before it evicts: memory in bytes, disk as a share.
const RESERVED_MEMORY: i64 = 100 << 20;
const RESERVED_DISK_PERCENT: i64 = 10;

/// How many volumes Hetzner attaches to a server.
const HETZNER_VOLUMES: (&str, i64) = ("csi.hetzner.cloud", 16);

/// What an infrastructure's template says about its machines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Template {
    annotations: BTreeMap<String, String>,
    capacity: BTreeMap<String, String>,
    machine_type: String,
}

impl Template {
    pub(super) fn of(object: Infrastructure) -> Self {
        let inner = object.spec.template.metadata;
        let mut annotations = object.metadata.annotations;
        annotations.extend(inner.annotations);
        let labels = inner.labels;
        let machine_type = labels.get(INSTANCE_TYPE);
        Self {
            machine_type: machine_type.cloned().unwrap_or_default(),
            capacity: object.status.capacity,
            annotations,
        }
    }
}

/// The node without a name; nothing if nobody says how large it is.
pub(super) fn node(
    group: &Group,
    template: Option<&Template>,
    prices: &PriceList,
) -> Result<Node, String> {
    let machine_type = prices
        .types
        .iter()
        .find(|known| known.name == group.machine_type);
    let said = Said { group, template };
    let allocatable = match said.capacity()? {
        Some(capacity) => reserve(capacity),
        None => machine_type.map(MachineType::allocatable).ok_or_else(|| {
            format!("nobody knows how large its machines are: set {CAPACITY}/cpu and {CAPACITY}/memory on it, or {} to a type of the price list", crate::names::MACHINE_TYPE_ANNOTATION)
        })?,
    };
    let mut labels = labels(group, template, machine_type);
    for (key, value) in pairs(said.text("labels").unwrap_or_default()) {
        labels.insert(key.to_owned(), value.to_owned());
    }
    Ok(Node {
        name: String::new(),
        taints: taints(said.text("taints").unwrap_or_default()),
        unschedulable: false,
        labels,
        allocatable,
    })
}

/// How many volumes each CSI driver attaches, until a node says so itself: what the annotation has, `driver=count,...`.
pub(super) fn attachable(
    group: &Group,
    template: Option<&Template>,
) -> Result<BTreeMap<String, i64>, String> {
    let said = Said { group, template };
    let mut all =
        BTreeMap::from([HETZNER_VOLUMES].map(|(driver, count)| (driver.to_owned(), count)));
    for (driver, count) in pairs(said.text("csi-driver").unwrap_or_default()) {
        let count = amount("volumes", count)
            .map_err(|wrong| format!("its annotation {CAPACITY}/csi-driver: {wrong}"))?;
        all.insert(driver.to_owned(), count);
    }
    Ok(all)
}

/// What annotations say: the group's own count before its template's.
struct Said<'a> {
    group: &'a Group,
    template: Option<&'a Template>,
}

impl<'a> Said<'a> {
    fn text(&self, what: &str) -> Option<&'a str> {
        let key = format!("{CAPACITY}/{what}");
        let own = self.group.annotations.get(&key);
        let own = own.or_else(|| self.template?.annotations.get(&key));
        own.map(String::as_str)
    }

    /// Nothing if neither CPU nor memory is known. The error names the annotation.
    fn capacity(&self) -> Result<Option<Resources>, String> {
        let mut amounts = Resources::from([("pods".to_owned(), PODS)]);
        if let Some(template) = self.template {
            for (resource, text) in &template.capacity {
                amounts.insert(resource.clone(), amount(resource, text)?);
            }
        }
        for (said, resource) in RESOURCES {
            if let Some(text) = self.text(said) {
                let amount = amount(resource, text)
                    .map_err(|wrong| format!("its annotation {CAPACITY}/{said}: {wrong}"))?;
                amounts.insert(resource.to_owned(), amount);
            }
        }
        if let (Some(of), Some(count)) = (self.text("gpu-type"), self.text("gpu-count")) {
            amounts.insert(of.to_owned(), amount(of, count)?);
        }
        let known = ["cpu", "memory"]
            .iter()
            .all(|name| amounts.get(*name).is_some_and(|amount| *amount > 0));
        Ok(known.then_some(amounts))
    }
}

fn amount(resource: &str, text: &str) -> Result<i64, String> {
    let quantity: Quantity = text
        .trim()
        .parse()
        .map_err(|_| format!("`{text}` is not a quantity"))?;
    let amount = match resource {
        "cpu" => quantity.thousandths(Rounding::Down),
        _ => quantity.units(Rounding::Down),
    };
    Ok(i64::try_from(amount).unwrap_or(i64::MAX))
}

fn reserve(mut amounts: Resources) -> Resources {
    if let Some(memory) = amounts.get_mut("memory") {
        *memory = memory.saturating_sub(RESERVED_MEMORY).max(0);
    }
    if let Some(disk) = amounts.get_mut("ephemeral-storage") {
        *disk = *disk / 100 * (100 - RESERVED_DISK_PERCENT);
    }
    amounts
}

/// Those that every kubelet and cloud controller sets, and those that come from the Machine.
fn labels(
    group: &Group,
    template: Option<&Template>,
    machine_type: Option<&MachineType>,
) -> BTreeMap<String, String> {
    let architecture = machine_type
        .map(|known| known.architecture.as_str())
        .filter(|known| !known.is_empty());
    let said = template.map_or("", |template| template.machine_type.as_str());
    let of = if group.machine_type.is_empty() {
        said
    } else {
        &group.machine_type
    };
    let zone = if group.failure_domain.is_empty() {
        &group.location
    } else {
        &group.failure_domain
    };
    let known = [
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", architecture.unwrap_or("amd64")),
        (INSTANCE_TYPE, of),
        ("topology.kubernetes.io/region", &group.location),
        ("topology.kubernetes.io/zone", zone),
        ("csi.hetzner.cloud/location", &group.location),
    ];
    let known = known.into_iter().filter(|(_, value)| !value.is_empty());
    let mut labels: BTreeMap<String, String> = known
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    labels.extend(group.labels.clone());
    labels
}

/// `a=b,c=d`.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',')
        .filter_map(|pair| pair.trim().split_once('='))
}

/// `key=value:NoSchedule,...`.
fn taints(text: &str) -> Vec<Taint> {
    let taint = |text: &str| {
        let (taint, effect) = text.trim().rsplit_once(':')?;
        let (key, value) = taint.split_once('=').unwrap_or((taint, ""));
        Some(Taint {
            key: key.to_owned(),
            value: value.to_owned(),
            effect: effect.to_owned(),
        })
    };
    text.split(',').filter_map(taint).collect()
}
