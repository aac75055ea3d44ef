//! Cells of Services, their endpoints, and Ingresses.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::cells::{Compute, first_three, items, or_none, text};

pub(super) fn named(name: &str) -> Option<Compute> {
    Some(match name {
        "service-cluster-ip" => |service, _| or_none(text(&service["spec"]["clusterIPs"][0])),
        "service-external-ip" => external_ip,
        "service-ports" => ports,
        "endpoints" => endpoints,
        "slice-ports" => slice_ports,
        "slice-endpoints" => slice_endpoints,
        "ingress-hosts" => hosts,
        "ingress-address" => |ingress, _| {
            balancers(&ingress["status"]["loadBalancer"])
                .join(",")
                .into()
        },
        "ingress-ports" => ingress_ports,
        _ => return None,
    })
}

fn external_ip(service: &Value, _: Timestamp) -> Value {
    let own: Vec<String> = texts(&service["spec"]["externalIPs"]);
    match text(&service["spec"]["type"]) {
        "ClusterIP" | "NodePort" => or_none(&own.join(",")),
        "LoadBalancer" => {
            let mut all = balancers(&service["status"]["loadBalancer"]);
            all.extend(own);
            if all.is_empty() {
                "<pending>".to_owned()
            } else {
                all.join(",")
            }
            .into()
        }
        "ExternalName" => text(&service["spec"]["externalName"]).into(),
        _ => "<unknown>".into(),
    }
}

fn texts(list: &Value) -> Vec<String> {
    items(list)
        .iter()
        .map(|item| text(item).to_owned())
        .collect()
}

/// Addresses or names, sorted.
fn balancers(status: &Value) -> Vec<String> {
    let named = |ingress: &Value| match text(&ingress["ip"]) {
        "" => text(&ingress["hostname"]).to_owned(),
        ip => ip.to_owned(),
    };
    let all: BTreeSet<String> = items(&status["ingress"]).iter().map(named).collect();
    all.into_iter()
        .filter(|address| !address.is_empty())
        .collect()
}

fn ports(service: &Value, _: Timestamp) -> Value {
    let shown = |port: &Value| match port["nodePort"].as_i64() {
        Some(node) if node > 0 => format!("{}:{node}/{}", port["port"], text(&port["protocol"])),
        _ => format!("{}/{}", port["port"], text(&port["protocol"])),
    };
    let all: Vec<String> = items(&service["spec"]["ports"]).iter().map(shown).collect();
    or_none(&all.join(","))
}

fn endpoints(endpoints: &Value, _: Timestamp) -> Value {
    let subsets = items(&endpoints["subsets"]);
    let all: Vec<String> = subsets.iter().flat_map(addresses).collect();
    if !subsets.is_empty() && all.is_empty() {
        return "".into();
    }
    first_three(&all).into()
}

/// Every address with every port of a subset.
fn addresses(subset: &Value) -> Vec<String> {
    let ips = items(&subset["addresses"])
        .iter()
        .map(|address| text(&address["ip"]));
    match items(&subset["ports"]) {
        [] => ips.map(str::to_owned).collect(),
        ports => {
            let with = |port: &Value| -> Vec<String> {
                ips.clone()
                    .map(|ip| host_and_port(ip, &port["port"]))
                    .collect()
            };
            ports.iter().flat_map(with).collect()
        }
    }
}

fn host_and_port(ip: &str, port: &Value) -> String {
    if ip.contains(':') {
        format!("[{ip}]:{port}")
    } else {
        format!("{ip}:{port}")
    }
}

/// Without ports, the real server shows `<unset>`.
fn slice_ports(slice: &Value, _: Timestamp) -> Value {
    let shown = |port: &Value| match (port["port"].as_i64(), port["name"].as_str()) {
        (Some(number), _) => number.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) => "*".to_owned(),
    };
    let all: Vec<String> = items(&slice["ports"]).iter().map(shown).collect();
    or_unset(&all)
}

fn slice_endpoints(slice: &Value, _: Timestamp) -> Value {
    let endpoints = items(&slice["endpoints"]).iter();
    let all: Vec<String> = endpoints
        .flat_map(|endpoint| texts(&endpoint["addresses"]))
        .collect();
    or_unset(&all)
}

fn or_unset(all: &[String]) -> Value {
    if all.is_empty() {
        return "<unset>".into();
    }
    first_three(all).into()
}

fn hosts(ingress: &Value, _: Timestamp) -> Value {
    let rules = items(&ingress["spec"]["rules"]).iter();
    let hosts: Vec<String> = rules
        .map(|rule| text(&rule["host"]).to_owned())
        .filter(|host| !host.is_empty())
        .collect();
    if hosts.is_empty() {
        "*".to_owned()
    } else {
        first_three(&hosts)
    }
    .into()
}

fn ingress_ports(ingress: &Value, _: Timestamp) -> Value {
    let secure = !items(&ingress["spec"]["tls"]).is_empty();
    if secure { "80, 443" } else { "80" }.into()
}
