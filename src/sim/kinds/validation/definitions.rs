//! `CustomResourceDefinitions`: names, versions, and schemas that say the type of everything.

use serde_json::{Value, json};

use super::names::Form;
use super::report::{Path, Report, Shown, entries, is_empty, items, text};
use super::rules::Subject;

const IMMUTABLE: &str = "field is immutable";

pub(super) fn definition(subject: &Subject, at: &Path, report: &mut Report) {
    let definition = subject.value;
    let spec = &definition["spec"];
    let name = text(&definition["metadata"]["name"]);
    let [group, plural] = [&spec["group"], &spec["names"]["plural"]].map(text);
    if name != format!("{plural}.{group}") {
        let at = at.field("metadata");
        let detail = "must be spec.names.plural+\".\"+spec.group";
        report.invalid(&at.field("name"), name, detail);
    }
    let at_spec = at.field("spec");
    check_group(group, &at_spec.field("group"), report);
    let scope = text(&spec["scope"]);
    match scope {
        "" => report.required(&at_spec.field("scope"), ""),
        "Cluster" | "Namespaced" => {}
        _ => report.unsupported(&at_spec.field("scope"), scope, &["Cluster", "Namespaced"]),
    }
    check_names(&spec["names"], &at_spec.field("names"), report);
    check_versions(&spec["versions"], at, report);
    check_schemas(&spec["versions"], &at_spec, report);
}

fn check_group(group: &str, at: &Path, report: &mut Report) {
    if group.is_empty() {
        report.required(at, "");
        return;
    }
    let faults = Form::Subdomain.faults(group);
    if !faults.is_empty() {
        report.invalid(at, group, &faults.join(","));
    } else if !group.contains('.') {
        report.invalid(at, group, "should be a domain with at least one dot");
    }
}

fn check_names(names: &Value, at: &Path, report: &mut Report) {
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = text(&names[field]);
        if name.is_empty() {
            report.required(&at.field(field), "");
            continue;
        }
        let lower = name.to_lowercase();
        let faults = Form::Label1035.faults(if field.ends_with("ind") { &lower } else { name });
        if !faults.is_empty() {
            report.invalid(&at.field(field), name, &faults.join(","));
        }
    }
    let (kind, list) = (text(&names["kind"]), text(&names["listKind"]));
    if !kind.is_empty() && kind == list {
        report.invalid(
            &at.field("listKind"),
            list,
            "kind and listKind may not be the same",
        );
    }
}

fn check_versions(versions: &Value, at: &Path, report: &mut Report) {
    let all = items(versions);
    let spec = at.field("spec");
    let at_versions = spec.field("versions");
    for (index, version) in all.iter().enumerate() {
        let name = text(&version["name"]);
        let faults = Form::Label1035.faults(name);
        if !faults.is_empty() {
            let at = at_versions.index(index);
            report.invalid(&at.field("name"), name, &faults.join(","));
        }
    }
    let twice = |index: usize| {
        all[..index]
            .iter()
            .any(|other| other["name"] == all[index]["name"])
    };
    if (0..all.len()).any(twice) {
        report.invalid(
            &at_versions,
            shown(all),
            "must contain unique version names",
        );
    }
    let stored = all
        .iter()
        .filter(|version| version["storage"] == true)
        .count();
    if stored != 1 {
        let detail = "must have exactly one version marked as storage version";
        report.invalid(&at_versions, shown(all), detail);
    }
    if stored == 0 {
        let at = at.field("status");
        let detail = "must have at least one stored version";
        report.invalid(&at.field("storedVersions"), Value::Null, detail);
    }
}

/// As the real server has versions inside; what all have in common it keeps elsewhere.
fn shown(versions: &[Value]) -> Shown {
    let hoisted = [
        "Schema",
        "Subresources",
        "AdditionalPrinterColumns",
        "SelectableFields",
    ];
    let (no, none) = (json!(false), Value::Null);
    Shown::list(versions.iter().map(|version| {
        let own = [
            ("Name", "name", &none),
            ("Served", "served", &no),
            ("Storage", "storage", &no),
            ("Deprecated", "deprecated", &no),
            ("DeprecationWarning", "deprecationWarning", &none),
        ];
        let own = own.map(|(shown, name, default)| (shown, version.get(name).unwrap_or(default)));
        Shown::fields(own.into_iter().chain(hoisted.map(|name| (name, &none))))
    }))
}

/// A schema that all versions share is named as that of the whole definition.
fn check_schemas(versions: &Value, at: &Path, report: &mut Report) {
    let all = items(versions);
    let schema = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
    let shared = all.windows(2).all(|two| schema(&two[0]) == schema(&two[1]));
    let at_versions = at.field("versions");
    for (index, version) in all.iter().enumerate() {
        let at_version = at_versions.index(index);
        let at_schema = at_version.field("schema");
        let schema = schema(version);
        if schema.is_null() {
            report.required(&at_schema.field("openAPIV3Schema"), "");
        } else if !shared {
            check_root(&schema, &at_schema.field("openAPIV3Schema"), report);
        } else if index == 0 {
            let at = at.field("validation");
            check_root(&schema, &at.field("openAPIV3Schema"), report);
        }
    }
}

fn check_root(schema: &Value, at: &Path, report: &mut Report) {
    let of = text(&schema["type"]);
    if of.is_empty() {
        report.required(&at.field("type"), "must not be empty at the root");
    } else if of != "object" {
        report.invalid(&at.field("type"), of, "must be object at the root");
    }
    check_inside(schema, at, report);
}

/// Everything has a type, or says that it has none.
fn check_inside(schema: &Value, at: &Path, report: &mut Report) {
    let properties = at.field("properties");
    for (name, inner) in entries(&schema["properties"]) {
        check_type(
            inner,
            "specified object fields",
            &properties.key(name),
            report,
        );
    }
    if schema["additionalProperties"].is_object() {
        let at = at.field("additionalProperties");
        check_type(
            &schema["additionalProperties"],
            "specified object fields",
            &at,
            report,
        );
    }
    if schema["items"].is_object() {
        check_type(
            &schema["items"],
            "specified array items",
            &at.field("items"),
            report,
        );
    } else if schema["type"] == "array" {
        report.required(&at.field("items"), "must be specified");
    }
}

fn check_type(schema: &Value, of: &str, at: &Path, report: &mut Report) {
    let untyped = [
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
    ];
    let is_free = untyped.iter().any(|word| schema[*word] == true);
    if is_empty(&schema["type"]) && !is_free {
        let detail = format!("must not be empty for {of}");
        report.required(&at.field("type"), &detail);
    }
    check_inside(schema, at, report);
}

/// What is served cannot become something else.
pub(super) fn update(subject: &Subject, at: &Path, report: &mut Report) {
    let (old, new) = (&subject.before["spec"], &subject.value["spec"]);
    let at = at.field("spec");
    let names = at.field("names");
    let mut keep = |was: &Value, is: &Value, at: &Path| {
        if was != is {
            report.invalid(at, is.clone(), IMMUTABLE);
        }
    };
    let conditions = items(&subject.before["status"]["conditions"]);
    let established = conditions
        .iter()
        .any(|one| one["type"] == "Established" && one["status"] == "True");
    if established {
        keep(&old["scope"], &new["scope"], &at.field("scope"));
        keep(
            &old["names"]["kind"],
            &new["names"]["kind"],
            &names.field("kind"),
        );
    }
    keep(&old["group"], &new["group"], &at.field("group"));
    keep(
        &old["names"]["plural"],
        &new["names"]["plural"],
        &names.field("plural"),
    );
}
