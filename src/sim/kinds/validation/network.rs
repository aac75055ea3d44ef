//! Endpoints: addresses and ports behind a Service.

use std::net::IpAddr;

use serde_json::Value;

use super::containers::check_protocol;
use super::names::Form;
use super::report::{Path, Report, items, text};
use super::rules::Subject;

const NO_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const MOST_ENDPOINTS: usize = 1000;
const MOST_ADDRESSES: usize = 100;

/// Whether it is an address at all.
pub(super) fn check_ip(ip: &str, at: &Path, report: &mut Report) -> Option<IpAddr> {
    let parsed = ip.parse().ok();
    if parsed.is_none() {
        report.invalid(at, ip, NO_IP);
    }
    parsed
}

/// An address that others can reach.
pub(super) fn check_reachable(ip: IpAddr, at: &Path, report: &mut Report) {
    let shown = ip.to_string();
    let local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    if ip.is_unspecified() {
        let detail = format!("may not be unspecified ({ip})");
        report.invalid(at, shown.as_str(), &detail);
    }
    if ip.is_loopback() {
        let detail = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        report.invalid(at, shown.as_str(), detail);
    }
    if local {
        let detail = "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        report.invalid(at, shown.as_str(), detail);
    }
}

pub(super) fn endpoint_ip(subject: &Subject, at: &Path, report: &mut Report) {
    let ip = text(subject.value);
    match check_ip(ip, at, report) {
        Some(ip) => check_reachable(ip, at, report),
        // The real server looks twice.
        None => report.invalid(at, ip, "must be a valid IP address"),
    }
}

pub(super) fn subset(subject: &Subject, at: &Path, report: &mut Report) {
    let subset = subject.value;
    if items(&subset["addresses"]).is_empty() && items(&subset["notReadyAddresses"]).is_empty() {
        let detail = "must specify `addresses` or `notReadyAddresses`";
        report.required(at, detail);
    }
    let ports = items(&subset["ports"]);
    let at = at.field("ports");
    for (index, port) in ports.iter().enumerate().filter(|_| ports.len() > 1) {
        if text(&port["name"]).is_empty() {
            report.required(&at.index(index).field("name"), "");
        }
    }
}

pub(super) fn slice_endpoints(subject: &Subject, at: &Path, report: &mut Report) {
    let endpoints = items(subject.value);
    if subject.value == subject.before {
        return;
    }
    if endpoints.len() > MOST_ENDPOINTS {
        report.too_many(at, endpoints.len(), MOST_ENDPOINTS);
        return;
    }
    let of = text(&subject.object["addressType"]);
    for (index, endpoint) in endpoints.iter().enumerate() {
        let at = at.index(index);
        check_addresses(&endpoint["addresses"], of, &at.field("addresses"), report);
        for (field, form) in [("nodeName", Form::Subdomain), ("hostname", Form::Label)] {
            let name = text(&endpoint[field]);
            if !name.is_empty() {
                report.invalid_all(&at.field(field), name, &form.faults(name));
            }
        }
    }
}

fn check_addresses(addresses: &Value, of: &str, at: &Path, report: &mut Report) {
    let addresses = items(addresses);
    if addresses.is_empty() {
        report.required(at, "must contain at least 1 address");
    } else if addresses.len() > MOST_ADDRESSES {
        report.too_many(at, addresses.len(), MOST_ADDRESSES);
    }
    for (index, address) in addresses.iter().enumerate().filter(|_| of != "FQDN") {
        let address = text(address);
        if of.is_empty() {
            continue;
        }
        let is_old = address.parse::<IpAddr>().map(|ip| ip.is_ipv4());
        if is_old.is_ok_and(|is_old| is_old != (of == "IPv4")) {
            report.invalid(at, address, &format!("must be an {of} address"));
        }
        if let Some(ip) = check_ip(address, &at.index(index), report) {
            check_reachable(ip, &at.index(index), report);
        }
    }
}

pub(super) fn slice_ports(subject: &Subject, at: &Path, report: &mut Report) {
    let ports = items(subject.value);
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let name = text(&port["name"]);
        if !name.is_empty() {
            report.invalid_all(&at.field("name"), name, &Form::Label.faults(name));
        }
        if ports[..index]
            .iter()
            .any(|other| text(&other["name"]) == name)
        {
            report.duplicate(&at.field("name"), name, "");
        }
        check_protocol(port, &at, report);
    }
}
