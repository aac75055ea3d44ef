//! What a definition asks of values beyond their shape, compiled once. CEL rules (`x-kubernetes-validations`) are not
//! evaluated.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

/// The rules for a value and for what is in it.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a keyword of its own in a definition"
)]
pub struct Rules {
    pub(super) types: Vec<String>,
    pub(super) nullable: bool,
    pub(super) format: Option<String>,
    pub(super) choices: Vec<Value>,
    pub(super) pattern: Option<Regex>,
    pub(super) limits: BTreeMap<&'static str, f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) exclusive_maximum: bool,
    pub(super) required: Vec<String>,
    pub(super) properties: BTreeMap<String, Self>,
    /// Of maps.
    pub(super) values: Option<Box<Self>>,
    pub(super) items: Option<Box<Self>>,
    pub(super) all_of: Vec<Self>,
    pub(super) any_of: Vec<Self>,
    pub(super) one_of: Vec<Self>,
    pub(super) not: Option<Box<Self>>,
    pub(super) distinct: Distinct,
    /// A whole object of some kind.
    pub(super) embedded: bool,
}

/// Which items of a list must differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Distinct {
    #[default]
    None,
    Items,
    Keys(Vec<String>),
}

const LIMITS: [&str; 9] = [
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
];

impl Rules {
    pub(super) fn read(schema: &Value) -> Self {
        let boxed = |name: &str| schema.get(name).map(|inner| Box::new(Self::read(inner)));
        let several = |name: &str| array(schema, name).map(Self::read).collect::<Vec<_>>();
        let limit = |name: &'static str| Some((name, schema[name].as_f64()?));
        let pattern = schema["pattern"].as_str();
        Self {
            types: types(schema),
            nullable: schema["nullable"] == true,
            format: schema["format"].as_str().map(str::to_owned),
            choices: array(schema, "enum").cloned().collect(),
            pattern: pattern.and_then(|pattern| Regex::new(pattern).ok()),
            limits: LIMITS.into_iter().filter_map(limit).collect(),
            exclusive_minimum: schema["exclusiveMinimum"] == true,
            exclusive_maximum: schema["exclusiveMaximum"] == true,
            required: texts(schema, "required"),
            properties: schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, inner)| (name.clone(), Self::read(inner)))
                .collect(),
            values: boxed("additionalProperties"),
            items: boxed("items"),
            all_of: several("allOf"),
            any_of: several("anyOf"),
            one_of: several("oneOf"),
            not: boxed("not"),
            distinct: distinct(schema),
            embedded: schema["x-kubernetes-embedded-resource"] == true,
        }
    }
}

fn types(schema: &Value) -> Vec<String> {
    if schema["x-kubernetes-int-or-string"] == true {
        return vec!["integer".to_owned(), "string".to_owned()];
    }
    let one = schema["type"].as_str();
    one.map(str::to_owned).into_iter().collect()
}

fn distinct(schema: &Value) -> Distinct {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => Distinct::Items,
        Some("map") => Distinct::Keys(texts(schema, "x-kubernetes-list-map-keys")),
        _ => Distinct::None,
    }
}

fn array<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    schema[name].as_array().into_iter().flatten()
}

fn texts(schema: &Value, name: &str) -> Vec<String> {
    array(schema, name)
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
