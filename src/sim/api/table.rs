//! Tables: what `kubectl get` prints. The server computes the cells.
//!
//! `table/columns.txt` has the columns of the built-in kinds, and where each value comes from; defined kinds bring
//! theirs as `JSONPath`.

mod age;
mod cells;
mod events;
mod jsonpath;
mod named;
mod network;
mod nodes;
mod pods;
mod selectors;
mod storage;
#[cfg(test)]
mod tests;
mod value;
mod workloads;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::resources::Resource;
use crate::sim::status::Status;
use value::Source;

const COLUMNS: &str = include_str!("table/columns.txt");

/// How much of the object goes with each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Include {
    None,
    Metadata,
    Object,
}

impl Include {
    /// The value of `includeObject`.
    pub(super) fn parse(text: &str) -> Result<Self, Status> {
        Ok(match text {
            "" | "Metadata" => Self::Metadata,
            "None" => Self::None,
            "Object" => Self::Object,
            _ => {
                return Err(Status::bad_request(format!(
                    "Unable to convert to Table as requested: includeObject: Invalid value: \"{text}\": \
                     must be 'Metadata', 'Object', 'None', or empty"
                )));
            }
        })
    }
}

/// The columns of one resource.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    definition: Value,
    source: Source,
}

impl Table {
    pub(super) fn of(resource: &Resource) -> Self {
        let columns = if resource.custom {
            defined(resource)
        } else {
            built_in(&resource.group_resource()).unwrap_or_else(|| vec![name(), created("Age")])
        };
        Self { columns }
    }

    pub(super) fn definitions(&self) -> Value {
        self.columns
            .iter()
            .map(|column| column.definition.clone())
            .collect()
    }

    pub(super) fn row(&self, object: &Value, include: Include, now: Timestamp) -> Value {
        let cells = self
            .columns
            .iter()
            .map(|column| column.source.value(object, now));
        let cells: Value = cells.collect();
        let shown = match include {
            Include::None => Value::Null,
            Include::Object => object.clone(),
            Include::Metadata => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": object["metadata"],
            }),
        };
        let mut row = json!({"cells": cells, "object": shown});
        if let Some(condition) = completed(object) {
            row["conditions"] = json!([condition]);
        }
        row
    }
}

/// Rows of pods say when these are done, so that a client can leave them out.
fn completed(object: &Value) -> Option<Value> {
    if object["kind"] != "Pod" || object["apiVersion"] != "v1" {
        return None;
    }
    let (reason, message) = match object["status"]["phase"].as_str()? {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!({"type": "Completed", "status": "True", "reason": reason, "message": message}))
}

/// The block of a resource in the file of columns.
fn built_in(group_resource: &str) -> Option<Vec<Column>> {
    let mut lines = COLUMNS.lines().skip_while(|line| *line != group_resource);
    lines.next()?;
    Some(
        lines
            .take_while(|line| line.contains('|'))
            .filter_map(parse)
            .collect(),
    )
}

fn parse(line: &str) -> Option<Column> {
    let mut parts = line.splitn(6, '|');
    let [name, of, format, priority, source] = [(); 5].map(|()| parts.next().unwrap_or_default());
    let description = match parts.next()? {
        shared if shared.starts_with('@') => shared_description(shared),
        own => own,
    };
    Some(Column {
        definition: json!({
            "name": name,
            "type": of,
            "format": format,
            "description": description.replace("\\n", "\n"),
            "priority": priority.parse::<i32>().ok()?,
        }),
        source: Source::parse(source, of)?,
    })
}

fn shared_description(name: &str) -> &'static str {
    let line = COLUMNS.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.strip_prefix('|'))
        .unwrap_or_default()
}

fn name() -> Column {
    Column {
        definition: json!({
            "name": "Name",
            "type": "string",
            "format": "name",
            "description": shared_description("@name"),
            "priority": 0,
        }),
        source: Source::Computed(named::name),
    }
}

/// The age of the object.
fn created(name: &str) -> Column {
    Column {
        definition: json!({
            "name": name,
            "type": "date",
            "format": "",
            "description": shared_description("@created").replace("\\n", "\n"),
            "priority": 0,
        }),
        source: Source::Computed(named::age),
    }
}

/// Name, and the columns of the definition; the age if it has none.
fn defined(resource: &Resource) -> Vec<Column> {
    let mut columns = vec![name()];
    columns.extend(resource.columns.iter().map(|column| {
        let path = column.path.as_deref().unwrap_or_default();
        let description = match column.description.as_str() {
            "" => format!("Custom resource definition column (in JSONPath format): {path}"),
            own => own.to_owned(),
        };
        Column {
            definition: json!({
                "name": column.name,
                "type": column.of,
                "format": column.format,
                "description": description,
                "priority": column.priority,
            }),
            source: Source::defined(path, &column.of),
        }
    }));
    if resource.columns.is_empty() {
        columns.push(created("Age"));
    }
    columns
}
