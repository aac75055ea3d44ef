//! Services: ports, types and addresses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::containers::{check_port, check_protocol};
use super::metadata;
use super::names::Form;
use super::network::{check_ip, check_reachable};
use super::report::{Path, Report, Shown, is_empty, items, text};
use super::rules::{Subject, check_range};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const LAST_PORT: i64 = 65535;
const LONGEST_AFFINITY: i64 = 86400;

pub(super) fn service(subject: &Subject, at: &Path, report: &mut Report) {
    let spec = &subject.value["spec"];
    let at = at.field("spec");
    let kind = text(&spec["type"]);
    let headless = is_headless(spec);
    if items(&spec["ports"]).is_empty() && !headless && kind != "ExternalName" {
        report.required(&at.field("ports"), "");
    }
    check_type(spec, kind, headless, &at, report);
    check_ports(spec, &at, report);
    metadata::labels(&spec["selector"], &at.field("selector"), report);
    check_affinity(spec, &at, report);
    if kind != "ExternalName" {
        check_addresses(spec, &at, report);
    }
    check_external_addresses(spec, &at, report);
    if kind.is_empty() {
        report.required(&at.field("type"), "");
    } else if !TYPES.contains(&kind) {
        report.unsupported(&at.field("type"), kind, &TYPES);
    }
    check_distinct(spec, kind, &at, report);
    check_traffic(spec, kind, &at, report);
}

fn is_headless(spec: &Value) -> bool {
    items(&spec["clusterIPs"])
        .first()
        .is_some_and(|ip| ip == "None")
}

fn check_type(spec: &Value, kind: &str, headless: bool, at: &Path, report: &mut Report) {
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            let at = at.field("clusterIPs");
            report.invalid(&at.index(0), "None", &detail);
        }
        "ExternalName" => {
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                if !is_empty(&spec[field]) {
                    let detail = "may not be set for ExternalName services";
                    report.forbidden(&at.field(field), detail);
                }
            }
            let name = text(&spec["externalName"]);
            let name = name.strip_suffix('.').unwrap_or(name);
            let at = at.field("externalName");
            if name.is_empty() {
                report.required(&at, "");
            } else {
                report.invalid_all(&at, name, &Form::Subdomain.faults(name));
            }
        }
        _ => {}
    }
}

fn check_ports(spec: &Value, at: &Path, report: &mut Report) {
    let at = at.field("ports");
    let ports = items(&spec["ports"]);
    let mut names = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let name = text(&port["name"]);
        let name_at = at.field("name");
        if name.is_empty() && ports.len() > 1 {
            report.required(&name_at, "");
        } else if !name.is_empty() {
            report.invalid_all(&name_at, name, &Form::Label.faults(name));
            if !names.insert(name) {
                report.duplicate(&name_at, name, "");
            }
        }
        check_range(
            &number(port, "port"),
            1,
            LAST_PORT,
            &at.field("port"),
            report,
        );
        check_protocol(port, &at, report);
        check_port(&port["targetPort"], &at.field("targetPort"), report);
        let protocol = text(&port["appProtocol"]);
        if !protocol.is_empty() {
            let faults = Form::Qualified.faults(protocol);
            report.invalid_all(&at.field("appProtocol"), protocol, &faults);
        }
    }
}

/// One that is not there is zero.
fn number(port: &Value, field: &str) -> Value {
    port[field].as_i64().unwrap_or(0).into()
}

fn check_affinity(spec: &Value, at: &Path, report: &mut Report) {
    let affinity = text(&spec["sessionAffinity"]);
    let config = &spec["sessionAffinityConfig"];
    let config_at = at.field("sessionAffinityConfig");
    match affinity {
        "None" if !config.is_null() => {
            let detail = "must not be set when session affinity is None";
            report.forbidden(&config_at, detail);
        }
        "None" => {}
        "ClientIP" => {
            let timeout = &config["clientIP"]["timeoutSeconds"];
            let fits = |seconds: i64| (1..=LONGEST_AFFINITY).contains(&seconds);
            if timeout.as_i64().is_some_and(|seconds| !fits(seconds)) {
                let at = config_at.field("clientIP");
                let detail = format!("must be greater than 0 and less than {LONGEST_AFFINITY}");
                report.invalid(&at.field("timeoutSeconds"), timeout.clone(), &detail);
            }
        }
        "" => report.required(&at.field("sessionAffinity"), ""),
        _ => {
            let at = at.field("sessionAffinity");
            report.unsupported(&at, affinity, &["ClientIP", "None"]);
        }
    }
}

fn check_addresses(spec: &Value, at: &Path, report: &mut Report) {
    let all = &spec["clusterIPs"];
    let ips = items(all);
    let at_ips = at.field("clusterIPs");
    let first = text(&spec["clusterIP"]);
    match ips.first() {
        Some(ip) if first.is_empty() && !ip.is_null() => {
            let detail = "must be empty when `clusterIP` is not specified";
            report.invalid(&at_ips, all.clone(), detail);
        }
        Some(ip) if text(ip) != first => {
            let detail = "first value must match `clusterIP`";
            report.invalid(&at_ips, all.clone(), detail);
        }
        _ => {}
    }
    for (index, ip) in ips.iter().enumerate() {
        if index == 0 && ip == "None" {
            if ips.len() > 1 {
                let detail = "'None' must be the first and only value";
                report.invalid(&at_ips, all.clone(), detail);
            }
            continue;
        }
        check_ip(text(ip), &at_ips.index(index), report);
    }
    let families = at.field("ipFamilies");
    for (index, family) in items(&spec["ipFamilies"]).iter().enumerate() {
        if !matches!(text(family), "IPv4" | "IPv6") {
            let at = families.index(index);
            report.unsupported(&at, family.clone(), &["IPv4", "IPv6"]);
        }
    }
}

fn check_external_addresses(spec: &Value, at: &Path, report: &mut Report) {
    let at = at.field("externalIPs");
    for (index, ip) in items(&spec["externalIPs"]).iter().enumerate() {
        if let Some(ip) = check_ip(text(ip), &at.index(index), report) {
            check_reachable(ip, &at.index(index), report);
        }
    }
}

/// No two ports are the same, neither inside nor on the nodes.
fn check_distinct(spec: &Value, kind: &str, at: &Path, report: &mut Report) {
    let at = at.field("ports");
    let ports = items(&spec["ports"]);
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let node = number(port, "nodePort");
        if node != 0 && kind == "ClusterIP" {
            let detail = "may not be used when `type` is 'ClusterIP'";
            report.forbidden(&at.field("nodePort"), detail);
        }
        let same = |field: &str| {
            let mut before = ports[..index].iter();
            before.any(|other| other["protocol"] == port["protocol"] && other[field] == port[field])
        };
        if node != 0 && same("nodePort") {
            report.duplicate(&at.field("nodePort"), node, "");
        }
        if same("port") {
            // As the real server shows a port of which only these are known.
            let shown = Shown::fields([
                ("Name", &json!("")),
                ("Protocol", &port["protocol"]),
                ("AppProtocol", &Value::Null),
                ("Port", &number(port, "port")),
                ("TargetPort", &json!(0)),
                ("NodePort", &json!(0)),
            ]);
            report.duplicate(&at, shown, "");
        }
    }
}

fn check_traffic(spec: &Value, kind: &str, at: &Path, report: &mut Report) {
    let balanced = kind == "LoadBalancer";
    let detail = "may only be used when `type` is 'LoadBalancer'";
    if !balanced && !spec["allocateLoadBalancerNodePorts"].is_null() {
        report.forbidden(&at.field("allocateLoadBalancerNodePorts"), detail);
    }
    if !balanced && !items(&spec["loadBalancerSourceRanges"]).is_empty() {
        report.forbidden(&at.field("LoadBalancerSourceRanges"), detail);
    }
    if !balanced && !spec["loadBalancerClass"].is_null() {
        report.forbidden(&at.field("loadBalancerClass"), detail);
    }
    let outside = balanced || kind == "NodePort" || !items(&spec["externalIPs"]).is_empty();
    let policy = text(&spec["externalTrafficPolicy"]);
    let policies = ["Cluster", "Local"];
    let policy_at = at.field("externalTrafficPolicy");
    if !outside && !policy.is_empty() {
        let detail = "may only be set for externally-accessible services";
        report.invalid(&policy_at, policy, detail);
    } else if outside && !policy.is_empty() && !policies.contains(&policy) {
        report.unsupported(&policy_at, policy, &policies);
    }
    let inside = text(&spec["internalTrafficPolicy"]);
    if !inside.is_empty() && !policies.contains(&inside) {
        let at = at.field("internalTrafficPolicy");
        report.unsupported(&at, inside, &policies);
    }
}
