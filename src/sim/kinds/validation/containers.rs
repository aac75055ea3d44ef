//! Containers of pods and of templates for pods.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::Form;
use super::report::{Path, Report, Shown, entries, is_empty, items, text};
use super::rules::{self, Subject, check_range};
use super::volumes;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
const SECTION: &str = "container";
const LAST_PORT: i64 = 65535;

/// The kinds of probes and hooks, in the order in which they are looked at.
const HANDLERS: [&str; 5] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/// The fields of a container's security context, as the real server calls them inside.
const SECURITY: [(&str, &str); 12] = [
    ("Capabilities", "capabilities"),
    ("Privileged", "privileged"),
    ("SELinuxOptions", "seLinuxOptions"),
    ("WindowsOptions", "windowsOptions"),
    ("RunAsUser", "runAsUser"),
    ("RunAsGroup", "runAsGroup"),
    ("RunAsNonRoot", "runAsNonRoot"),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem"),
    ("AllowPrivilegeEscalation", "allowPrivilegeEscalation"),
    ("ProcMount", "procMount"),
    ("SeccompProfile", "seccompProfile"),
    ("AppArmorProfile", "appArmorProfile"),
];

const ENV_FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// All containers of a spec.
pub(super) fn all(subject: &Subject, at: &Path, report: &mut Report) {
    let volumes = volumes::sound(&subject.value["volumes"]);
    let mut names = BTreeSet::new();
    let mut ports = BTreeSet::new();
    let containers_at = at.field("containers");
    for (index, container) in items(&subject.value["containers"]).iter().enumerate() {
        let at = containers_at.index(index);
        check_container(container, subject, &volumes, &mut names, &at, report);
        if !container["restartPolicy"].is_null() {
            let detail = "may not be set for non-init containers";
            report.forbidden(&at.field("restartPolicy"), detail);
        }
        check_host_ports(container, &mut ports, &at, report);
    }
    let init_at = at.field("initContainers");
    for (index, container) in items(&subject.value["initContainers"]).iter().enumerate() {
        let at = init_at.index(index);
        check_container(container, subject, &volumes, &mut names, &at, report);
        check_init(container, &at, report);
    }
}

fn check_container<'a>(
    container: &'a Value,
    subject: &Subject,
    volumes: &BTreeSet<&str>,
    names: &mut BTreeSet<&'a str>,
    at: &Path,
    report: &mut Report,
) {
    let part = Subject {
        value: container,
        before: &Value::Null,
        ..*subject
    };
    rules::run(SECTION, &part, at, report);
    volumes::check_mounts(container, volumes, at, report);
    let name = text(&container["name"]);
    if !names.insert(name) {
        report.duplicate(&at.field("name"), name, "");
    }
}

/// A container that ends before the others start has no probes and no hooks.
fn check_init(container: &Value, at: &Path, report: &mut Report) {
    let policy = &container["restartPolicy"];
    if *policy == "Always" {
        return;
    }
    if !policy.is_null() {
        report.unsupported(&at.field("restartPolicy"), policy.clone(), &["Always"]);
    }
    for field in [
        "lifecycle",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
    ] {
        if !container[field].is_null() {
            let detail = "may not be set for init containers without restartPolicy=Always";
            report.forbidden(&at.field(field), detail);
        }
    }
}

fn check_host_ports(
    container: &Value,
    taken: &mut BTreeSet<String>,
    at: &Path,
    report: &mut Report,
) {
    let at = at.field("ports");
    for (index, port) in items(&container["ports"]).iter().enumerate() {
        let Some(number) = port["hostPort"].as_i64().filter(|number| *number != 0) else {
            continue;
        };
        let (protocol, ip) = (text(&port["protocol"]), text(&port["hostIP"]));
        let place = format!("{protocol}/{ip}/{number}");
        if taken.contains(&place) {
            report.duplicate(&at.index(index).field("hostPort"), place.as_str(), "");
        } else {
            taken.insert(place);
        }
    }
}

pub(super) fn ports(subject: &Subject, at: &Path, report: &mut Report) {
    let mut names = BTreeSet::new();
    for (index, port) in items(subject.value).iter().enumerate() {
        let at = at.index(index);
        let name = text(&port["name"]);
        if !name.is_empty() {
            let faults = Form::PortName.faults(name);
            if faults.is_empty() && !names.insert(name) {
                report.duplicate(&at.field("name"), name, "");
            }
            report.invalid_all(&at.field("name"), name, &faults);
        }
        if port["containerPort"].as_i64().unwrap_or(0) == 0 {
            report.required(&at.field("containerPort"), "");
        } else {
            let at = at.field("containerPort");
            check_range(&port["containerPort"], 1, LAST_PORT, &at, report);
        }
        if port["hostPort"] != 0 {
            check_range(
                &port["hostPort"],
                1,
                LAST_PORT,
                &at.field("hostPort"),
                report,
            );
        }
        check_protocol(port, &at, report);
    }
}

/// Of a port of whatever kind.
pub(super) fn check_protocol(port: &Value, at: &Path, report: &mut Report) {
    let at = at.field("protocol");
    match text(&port["protocol"]) {
        "" => report.required(&at, ""),
        protocol if !PROTOCOLS.contains(&protocol) => {
            report.unsupported(&at, protocol, &PROTOCOLS);
        }
        _ => {}
    }
}

pub(super) fn env(subject: &Subject, at: &Path, report: &mut Report) {
    let name = text(&subject.value["name"]);
    if name.is_empty() {
        report.required(&at.field("name"), "");
    }
    report.invalid_all(&at.field("name"), name, &Form::EnvName.faults(name));
    let source = &subject.value["valueFrom"];
    if source.is_null() {
        return;
    }
    let at = at.field("valueFrom");
    let given = entries(source)
        .filter(|(_, value)| !value.is_null())
        .count();
    let has_value = !text(&subject.value["value"]).is_empty();
    check_sources(source, &at, report);
    if given == 0 {
        let detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
        report.invalid(&at, "", detail);
    } else if has_value {
        report.invalid(&at, "", "may not be specified when `value` is not empty");
    } else if given > 1 {
        report.invalid(
            &at,
            "",
            "may not have more than one field specified at a time",
        );
    }
}

fn check_sources(source: &Value, at: &Path, report: &mut Report) {
    let path = text(&source["fieldRef"]["fieldPath"]);
    if source["fieldRef"].is_object() {
        check_field_path(path, &at.field("fieldRef"), report);
    }
    for field in ["configMapKeyRef", "secretKeyRef"] {
        let reference = &source[field];
        if reference.is_null() {
            continue;
        }
        let at = at.field(field);
        let name = text(&reference["name"]);
        report.invalid_all(&at.field("name"), name, &Form::Subdomain.faults(name));
        match text(&reference["key"]) {
            "" => report.required(&at.field("key"), ""),
            key => report.invalid_all(&at.field("key"), key, &Form::ConfigKey.faults(key)),
        }
    }
}

fn check_field_path(path: &str, at: &Path, report: &mut Report) {
    let at = at.field("fieldPath");
    if path.is_empty() {
        report.required(&at, "");
    } else if path.starts_with("metadata.labels['") || path.starts_with("metadata.annotations['") {
        // One label or annotation.
    } else if !ENV_FIELDS.contains(&path) {
        if path.starts_with("metadata.") || path.starts_with("spec.") {
            let detail = format!("error converting fieldPath: field label not supported: {path}");
            report.invalid(&at, path, &detail);
        } else {
            report.unsupported(&at, path, &ENV_FIELDS);
        }
    }
}

pub(super) fn env_from(subject: &Subject, at: &Path, report: &mut Report) {
    for (index, source) in items(subject.value).iter().enumerate() {
        let item = at.index(index);
        let prefix = text(&source["prefix"]);
        report.invalid_all(&item.field("prefix"), prefix, &Form::EnvName.faults(prefix));
        let mut given = 0;
        for field in ["configMapRef", "secretRef"] {
            if source[field].is_null() {
                continue;
            }
            given += 1;
            let at = item.field(field);
            match text(&source[field]["name"]) {
                "" => report.required(&at.field("name"), ""),
                name => report.invalid_all(&at.field("name"), name, &Form::Subdomain.faults(name)),
            }
        }
        match given {
            0 => report.invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"),
            1 => {}
            _ => report.invalid(
                at,
                "",
                "may not have more than one field specified at a time",
            ),
        }
    }
}

pub(super) fn escalation(subject: &Subject, at: &Path, report: &mut Report) {
    let context = subject.value;
    if context["allowPrivilegeEscalation"] != false || context["privileged"] != true {
        return;
    }
    let shown = Shown::fields(SECURITY.map(|(shown, field)| (shown, &context[field])));
    let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
    report.invalid(at, shown, detail);
}

pub(super) fn success_once(subject: &Subject, at: &Path, report: &mut Report) {
    let threshold = &subject.value["successThreshold"];
    if *threshold != 1 {
        report.invalid(
            &at.field("successThreshold"),
            threshold.clone(),
            "must be 1",
        );
    }
}

/// What a probe or a hook does: exactly one thing.
pub(super) fn handler(subject: &Subject, at: &Path, report: &mut Report) {
    let mut given = HANDLERS
        .iter()
        .filter(|name| !subject.value[**name].is_null());
    let Some(first) = given.next() else {
        report.required(at, "must specify a handler type");
        return;
    };
    check_handler(first, &subject.value[*first], &at.field(first), report);
    for name in given {
        report.forbidden(&at.field(name), "may not specify more than 1 handler type");
    }
}

fn check_handler(name: &str, handler: &Value, at: &Path, report: &mut Report) {
    match name {
        "exec" if is_empty(&handler["command"]) => report.required(&at.field("command"), ""),
        "httpGet" => check_http(handler, at, report),
        "tcpSocket" | "grpc" => check_port(&handler["port"], &at.field("port"), report),
        _ => {}
    }
}

fn check_http(http: &Value, at: &Path, report: &mut Report) {
    if text(&http["path"]).is_empty() {
        report.required(&at.field("path"), "");
    }
    check_port(&http["port"], &at.field("port"), report);
    let scheme = text(&http["scheme"]);
    if !matches!(scheme, "HTTP" | "HTTPS") {
        report.unsupported(&at.field("scheme"), scheme, &["HTTP", "HTTPS"]);
    }
    for header in items(&http["httpHeaders"]) {
        let name = text(&header["name"]);
        let faults = Form::HeaderName.faults(name);
        report.invalid_all(&at.field("httpHeaders"), name, &faults);
    }
}

/// A number or a name of a port; none is zero.
pub(super) fn check_port(port: &Value, at: &Path, report: &mut Report) {
    match port {
        Value::String(name) => report.invalid_all(at, name, &Form::PortName.faults(name)),
        Value::Null => check_range(&0.into(), 1, LAST_PORT, at, report),
        number => check_range(number, 1, LAST_PORT, at, report),
    }
}
