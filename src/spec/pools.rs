//! Pools: how many workers, and of which machines.

use super::machines;
use super::reader::{Field, Object, Reader};
use super::values;
use super::{MAX_REPLICAS, Pool, Rung, Sizes, Substrate};
use crate::names::Names;

/// Longest name of a MachineDeployment: it is the value of a label.
const MAX_GROUP_NAME: usize = 63;

/// `platform` is its name and `substrate` where its nodes come from, unless something is wrong with them.
pub(super) fn pools(
    spec: &Object<'_>,
    platform: Option<&str>,
    substrate: Option<Substrate>,
    reader: &mut Reader,
) -> Option<Vec<Pool>> {
    let Some(field) = spec.get("pools") else {
        return Some(vec![Pool::first(None)]);
    };
    let items = reader.list(&field)?;
    if items.is_empty() {
        reader.wrong(
            &field,
            "is empty; at least one pool is needed, and its replicas may be 0",
        );
    }
    let mut pools: Vec<Pool> = Vec::new();
    for item in &items {
        let Some(found) = pool(item, &pools, substrate, reader) else {
            continue;
        };
        if let Some(platform) = platform {
            groups(item, &found, &pools, platform, reader);
        }
        pools.push(found);
    }
    Some(pools)
}

fn pool(
    field: &Field<'_>,
    earlier: &[Pool],
    substrate: Option<Substrate>,
    reader: &mut Reader,
) -> Option<Pool> {
    let object = reader.object(field, &["name", "replicas", "min", "max", "machineTypes"])?;
    let replicas = object
        .get("replicas")
        .and_then(|count| reader.count(&count, &(0..=MAX_REPLICAS)));
    let sizes = sizes(&object, substrate, reader);
    let rungs = rungs(&object, substrate, reader);
    let field = reader.required(&object, "name")?;
    let name = reader.checked(&field, values::pool_name)?;
    if let Some(index) = earlier.iter().position(|pool| pool.name == name) {
        reader.wrong(
            &field,
            format!("`{name}` is also the name of spec.pools[{index}]"),
        );
    }
    Some(Pool {
        name,
        replicas,
        sizes,
        rungs,
    })
}

fn sizes(pool: &Object<'_>, substrate: Option<Substrate>, reader: &mut Reader) -> Option<Sizes> {
    let min_field = pool.get("min");
    let Some(max) = pool.get("max") else {
        if let Some(field) = min_field {
            reader.wrong(
                &field,
                "says nothing without `max`, up to which the pool may grow",
            );
        }
        return None;
    };
    if let Some(field) = pool.get("replicas") {
        let message = "the resize loop sizes a pool that has `max`; say `min` instead";
        reader.wrong(&field, message);
    }
    let max = reader.count(&max, &(1..=MAX_REPLICAS))?;
    let Some(field) = min_field else {
        return Some(Sizes { min: 1, max });
    };
    // How large a container is, is known when there has been one.
    let least = u32::from(substrate == Some(Substrate::Local));
    let min = reader.count(&field, &(least..=MAX_REPLICAS))?;
    if min > max {
        reader.wrong(&field, format!("{min} is more than `max`, which is {max}"));
    }
    Some(Sizes { min, max })
}

fn rungs(pool: &Object<'_>, substrate: Option<Substrate>, reader: &mut Reader) -> Vec<Rung> {
    let Some(field) = pool.get("machineTypes") else {
        return Vec::new();
    };
    let items = reader.list(&field).unwrap_or_default();
    if substrate == Some(Substrate::Local) {
        let message = "containers are all of one size; leave it out on substrate local";
        reader.wrong(&field, message);
        return Vec::new();
    }
    if items.len() > 1 && pool.get("max").is_none() {
        let message = "only the resize loop takes another type than the first; that needs `max`";
        reader.wrong(&field, message);
    }
    let mut rungs: Vec<Rung> = Vec::new();
    for item in &items {
        let Some(found) = rung(item, reader) else {
            continue;
        };
        if let Some(place) = rungs.iter().position(|rung| *rung == found) {
            let message = format!("is the same as the one with number {}", place + 1);
            reader.wrong(item, message);
        }
        rungs.push(found);
    }
    rungs
}

fn rung(field: &Field<'_>, reader: &mut Reader) -> Option<Rung> {
    let object = reader.object(field, &["type", "location"])?;
    let machine_type = reader.required(&object, "type");
    let location = reader.required(&object, "location");
    let machine = reader.checked(&machine_type?, machines::machine)?;
    let location = reader.checked(&location?, |name| machine.location(name))?;
    Some(Rung {
        machine_type: machine.name,
        location,
        size: machine.size,
    })
}

/// The names of a pool's MachineDeployments must be possible, and nobody else's.
fn groups(field: &Field<'_>, pool: &Pool, earlier: &[Pool], platform: &str, reader: &mut Reader) {
    let names = Names::new(platform);
    for group in pool.groups() {
        let name = names.pool(&group.name);
        if name.len() > MAX_GROUP_NAME {
            let (length, most) = (name.len(), MAX_GROUP_NAME);
            let message = format!(
                "its MachineDeployment `{name}` has a name of {length} characters; at most {most} are possible"
            );
            reader.wrong(field, message);
        }
        let taken = earlier.iter().position(|other| {
            other.name != pool.name && other.groups().iter().any(|other| other.name == group.name)
        });
        if let Some(index) = taken {
            let message = format!(
                "its MachineDeployment would be named `{name}` like one of spec.pools[{index}]"
            );
            reader.wrong(field, message);
        }
    }
}
