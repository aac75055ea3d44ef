mod applies;
mod documents;
mod recorded;
mod sets;
mod speed;
mod strategies;
mod updates;
mod widget;

use serde_json::{Value, json};

use super::super::resources::Resource;
use super::{Writer, apply, own};

fn writer(manager: &str, time: u32) -> Writer {
    Writer {
        manager: manager.to_owned(),
        api_version: "v1".to_owned(),
        subresource: String::new(),
        time: format!("2026-01-01T00:00:{time:02}Z"),
    }
}

fn config_map(data: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "c" }, "data": data })
}

fn config_maps() -> Resource {
    widget::built_in("v1", "ConfigMap")
}

/// Applies the data, without force.
fn applied(current: Option<&Value>, data: &Value, manager: &str, time: u32) -> Value {
    let (body, writer) = (config_map(data), writer(manager, time));
    apply(current, &body, &config_maps(), &writer, false).expect("no conflict")
}

/// Sets the data as by a PUT.
fn updated(before: &Value, data: &Value, manager: &str, time: u32) -> Value {
    let mut after = before.clone();
    after["data"] = data.clone();
    own(
        Some(before),
        &mut after,
        &config_maps(),
        &writer(manager, time),
    );
    after
}

fn created(data: &Value, manager: &str) -> Value {
    let mut object = config_map(data);
    own(None, &mut object, &config_maps(), &writer(manager, 0));
    object
}

/// `manager Operation [fields of the data] time`, one for each owner.
fn owners(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    let describe = |entry: &Value| {
        let names: Vec<&str> = entry["fieldsV1"]["f:data"]
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.keys())
            .filter_map(|key| key.strip_prefix("f:"))
            .collect();
        let text = |name: &str| entry[name].as_str().unwrap_or("-");
        let time = text("time").trim_start_matches("2026-01-01T00:00:");
        format!(
            "{} {} {} {time}",
            text("manager"),
            text("operation"),
            names.join(",")
        )
    };
    entries.into_iter().flatten().map(describe).collect()
}
