//! Addresses and node ports of Services: 10.96.0.0/16 and 30000-32767.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::{Registry, Target, object};
use crate::sim::random::Random;
use crate::sim::status::{Cause, Status};
use crate::sim::store::{Key, PageRequest, Store};

const NETWORK: u32 = u32::from_be_bytes([10, 96, 0, 0]);
const ADDRESSES: u32 = 1 << 16;
/// The first ones are left to those who name an address themselves.
const STATIC_ADDRESSES: u32 = 256;
const PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;
const STATIC_PORTS: u16 = 86;

/// Which Service has which address and which port.
#[derive(Debug, Default)]
pub(super) struct Allocations {
    addresses: BTreeMap<Ipv4Addr, Key>,
    ports: BTreeMap<u16, Key>,
}

impl Allocations {
    /// What the Services of a store have.
    pub(super) fn of(store: &Store) -> Self {
        let mut allocations = Self::default();
        let services = store.list("services", None, &PageRequest::default());
        for stored in services.into_iter().flat_map(|page| page.items) {
            let service: Value = serde_json::from_slice(&stored.json).unwrap_or_default();
            allocations.hold(&stored.key, Some(&service));
        }
        allocations
    }

    /// The Service has what it says, and nothing else. Absent: it is gone.
    pub(super) fn hold(&mut self, key: &Key, service: Option<&Value>) {
        self.addresses.retain(|_, holder| holder != key);
        self.ports.retain(|_, holder| holder != key);
        let Some(service) = service else {
            return;
        };
        if let Some(address) = address_of(service) {
            self.addresses.insert(address, key.clone());
        }
        for port in ports_of(service) {
            self.ports.insert(port, key.clone());
        }
    }

    fn free_address(&self, start: u64) -> Option<Ipv4Addr> {
        let dynamic = u64::from(ADDRESSES - STATIC_ADDRESSES - 1);
        (0..dynamic)
            .filter_map(|step| u32::try_from((start + step) % dynamic).ok())
            .map(|offset| Ipv4Addr::from_bits(NETWORK + STATIC_ADDRESSES + offset))
            .find(|address| !self.addresses.contains_key(address))
    }

    fn free_port(&self, start: u64, taken: &[u16]) -> Option<u16> {
        let first = PORTS.start() + STATIC_PORTS;
        let dynamic = u64::from(PORTS.end() - first + 1);
        (0..dynamic)
            .filter_map(|step| u16::try_from((start + step) % dynamic).ok())
            .map(|offset| first + offset)
            .find(|port| !self.ports.contains_key(port) && !taken.contains(port))
    }
}

fn address_of(service: &Value) -> Option<Ipv4Addr> {
    object::text(service, "/spec/clusterIP").parse().ok()
}

fn ports_of(service: &Value) -> Vec<u16> {
    service
        .pointer("/spec/ports")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(node_port)
        .collect()
}

fn node_port(port: &Value) -> Option<u16> {
    port["nodePort"]
        .as_u64()
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0)
}

impl Registry {
    /// Gives a Service what its type calls for and takes away what it does not. Other kinds are left alone.
    pub(super) fn allocate(
        &self,
        target: &Target,
        before: Option<&Value>,
        after: &mut Value,
    ) -> Result<(), Status> {
        if &*target.resource.stored.resource != "services" {
            return Ok(());
        }
        if !after["spec"].is_object() {
            return Ok(());
        }
        if object::text(after, "/spec/type") == "ExternalName" {
            drop_cluster_fields(after);
            return Ok(());
        }
        if let Some(before) = before {
            keep_allocated(before, after);
        }
        let key = target.key();
        let allocations = self.allocations();
        let refused = |cause| Status::invalid_object(&target.resource, &target.name, vec![cause]);
        self.give_address(&allocations, &key, before, after)
            .and_then(|()| self.give_ports(&allocations, &key, before, after))
            .map_err(refused)
    }

    /// What was given to a Service is its own from now on.
    pub(super) fn hold_allocated(&self, target: &Target, service: &Value, dry_run: bool) {
        let is_service = &*target.resource.stored.resource == "services";
        if is_service && !dry_run && object::text(service, "/spec/type") != "ExternalName" {
            self.allocations().hold(&target.key(), Some(service));
        }
    }

    pub(super) fn allocations(&self) -> MutexGuard<'_, Allocations> {
        self.shared
            .allocations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn give_address(
        &self,
        allocations: &Allocations,
        key: &Key,
        before: Option<&Value>,
        after: &mut Value,
    ) -> Result<(), Cause> {
        fill_families(after);
        let asked = object::text(after, "/spec/clusterIP").to_owned();
        let had = before.map_or("", |before| object::text(before, "/spec/clusterIP"));
        let address = if asked.is_empty() {
            let start = self.random("clusterIP", key).number();
            allocations
                .free_address(start)
                .map(|address| address.to_string())
                .ok_or_else(|| address_cause("", "range is full"))?
        } else {
            if !had.is_empty() && had != asked {
                return Err(fixed_address(&asked));
            }
            if asked != "None" {
                check_address(allocations, key, &asked)?;
            }
            asked
        };
        let spec = object::map(&mut after["spec"]);
        spec.insert("clusterIPs".into(), json!([address]));
        spec.insert("clusterIP".into(), json!(address));
        Ok(())
    }

    fn give_ports(
        &self,
        allocations: &Allocations,
        key: &Key,
        before: Option<&Value>,
        after: &mut Value,
    ) -> Result<(), Cause> {
        if !needs_ports(after) {
            drop_port_fields(before, after);
            return Ok(());
        }
        let mut random = self.random("nodePort", key);
        let mut taken = ports_of(after);
        let Some(ports) = after["spec"]["ports"].as_array_mut() else {
            return Ok(());
        };
        for (index, port) in ports.iter_mut().enumerate() {
            if let Some(asked) = port["nodePort"].as_i64().filter(|asked| *asked != 0) {
                check_port(allocations, key, index, asked)?;
                continue;
            }
            let free = allocations
                .free_port(random.number(), &taken)
                .ok_or_else(|| port_cause(index, 0, "range is full"))?;
            taken.push(free);
            port["nodePort"] = json!(free);
        }
        Ok(())
    }

    fn random(&self, purpose: &str, key: &Key) -> Random {
        Random::new(self.shared.seed, &[purpose, &key.namespace, &key.name])
    }
}

fn needs_ports(service: &Value) -> bool {
    match object::text(service, "/spec/type") {
        "NodePort" => true,
        "LoadBalancer" => service["spec"]["allocateLoadBalancerNodePorts"] != json!(false),
        _ => false,
    }
}

/// One address family: that is all the embedded cluster has.
fn fill_families(service: &mut Value) {
    let headless_without_pods = object::text(service, "/spec/clusterIP") == "None"
        && service["spec"]["selector"]
            .as_object()
            .is_none_or(Map::is_empty);
    let spec = object::map(&mut service["spec"]);
    let (families, policy) = if headless_without_pods {
        (json!(["IPv4", "IPv6"]), "RequireDualStack")
    } else {
        (json!(["IPv4"]), "SingleStack")
    };
    spec.entry("ipFamilies").or_insert(families);
    spec.entry("ipFamilyPolicy").or_insert(json!(policy));
}

fn drop_cluster_fields(service: &mut Value) {
    let spec = object::map(&mut service["spec"]);
    for field in [
        "clusterIP",
        "clusterIPs",
        "ipFamilies",
        "ipFamilyPolicy",
        "internalTrafficPolicy",
        "externalTrafficPolicy",
        "allocateLoadBalancerNodePorts",
    ] {
        spec.remove(field);
    }
    drop_node_ports(service);
}

/// Node ports that a Service of another type had before go unnoticed.
fn drop_port_fields(before: Option<&Value>, service: &mut Value) {
    if before.is_none_or(|before| !needs_ports(before)) {
        return;
    }
    let spec = object::map(&mut service["spec"]);
    if spec.get("type") != Some(&json!("LoadBalancer")) {
        spec.remove("externalTrafficPolicy");
        spec.remove("allocateLoadBalancerNodePorts");
    }
    drop_node_ports(service);
}

fn drop_node_ports(service: &mut Value) {
    let ports = service["spec"]
        .get_mut("ports")
        .and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten() {
        object::map(port).remove("nodePort");
    }
}

/// What the Service has and the writer did not name stays: addresses as they are, node ports by the names of the ports.
fn keep_allocated(before: &Value, after: &mut Value) {
    if object::text(before, "/spec/type") == "ExternalName" {
        return;
    }
    let old = &before["spec"];
    if object::text(after, "/spec/clusterIP").is_empty() {
        after["spec"]["clusterIP"] = old["clusterIP"].clone();
    }
    if !needs_ports(before) || !needs_ports(after) {
        return;
    }
    let mut used = ports_of(after);
    let Some(ports) = after["spec"]["ports"].as_array_mut() else {
        return;
    };
    for port in ports {
        let old = old["ports"].as_array().into_iter().flatten();
        let same_name = old.filter(|old| old.get("name") == port.get("name"));
        if node_port(port).is_some() {
            continue;
        }
        if let Some(kept) = same_name
            .filter_map(node_port)
            .find(|kept| !used.contains(kept))
        {
            used.push(kept);
            port["nodePort"] = json!(kept);
        }
    }
}

fn check_address(allocations: &Allocations, key: &Key, asked: &str) -> Result<(), Cause> {
    let Ok(address) = asked.parse::<Ipv4Addr>() else {
        return Err(address_cause(
            asked,
            "the provided network does not match the current range",
        ));
    };
    if address.to_bits() & !(ADDRESSES - 1) != NETWORK {
        return Err(address_cause(
            asked,
            "the provided network does not match the current range",
        ));
    }
    match allocations.addresses.get(&address) {
        Some(holder) if holder != key => {
            Err(address_cause(asked, "provided IP is already allocated"))
        }
        _ => Ok(()),
    }
}

fn check_port(allocations: &Allocations, key: &Key, index: usize, asked: i64) -> Result<(), Cause> {
    let port = u16::try_from(asked)
        .ok()
        .filter(|port| PORTS.contains(port));
    let Some(port) = port else {
        return Err(port_cause(
            index,
            asked,
            "provided port is not in the valid range. The range of valid ports is 30000-32767",
        ));
    };
    match allocations.ports.get(&port) {
        Some(holder) if holder != key => Err(port_cause(
            index,
            asked,
            "provided port is already allocated",
        )),
        _ => Ok(()),
    }
}

fn address_cause(address: &str, because: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid".into(),
        message: format!(
            "Invalid value: [{address:?}]: failed to allocate IP {address}: {because}"
        ),
        field: "spec.clusterIPs".into(),
    }
}

fn fixed_address(address: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: [{address:?}]: may not change once set"),
        field: "spec.clusterIPs[0]".into(),
    }
}

fn port_cause(index: usize, port: i64, because: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid".into(),
        message: format!("Invalid value: {port}: {because}"),
        field: format!("spec.ports[{index}].nodePort"),
    }
}
