//! Validates objects of defined kinds, in the words of the real server.

use serde_json::{Map, Value, json};

use super::rules::{Distinct, Rules};
use super::{Schema, formats};
use crate::sim::status::Cause;

/// What is wrong with an object; nothing for built-in kinds, which have no such rules.
pub fn validate(schema: &Schema, object: &Value) -> Vec<Cause> {
    let Some(rules) = &schema.schemas.rules else {
        return Vec::new();
    };
    let mut causes = Vec::new();
    check(rules, object, "", &mut causes);
    check_structure(rules, object, "", &mut causes);
    causes
}

/// A cause with the reason of Kubernetes' field errors.
fn cause(reason: &str, field: &str, message: impl Into<String>) -> Cause {
    Cause {
        reason: format!("FieldValue{reason}"),
        message: message.into(),
        field: field.to_owned(),
    }
}

/// A wrong value, with the value.
pub(crate) fn invalid(field: &str, value: &Value, detail: impl std::fmt::Display) -> Cause {
    cause(
        "Invalid",
        field,
        format!("Invalid value: {value}: {detail}"),
    )
}

fn required(field: &str) -> Cause {
    cause("Required", field, "Required value")
}

fn in_body(field: &str, value: &Value, should: impl std::fmt::Display) -> Cause {
    invalid(field, value, format!("{field} in body {should}"))
}

fn check(rules: &Rules, value: &Value, field: &str, causes: &mut Vec<Cause>) {
    if value.is_null() && rules.nullable {
        return;
    }
    causes.extend(wrong_type(rules, value, field));
    check_combinations(rules, value, field, causes);
    match value {
        Value::String(text) => check_text(rules, text, field, causes),
        Value::Number(number) => check_number(rules, number.as_f64(), value, field, causes),
        Value::Array(items) => check_list(rules, items, field, causes),
        _ => {}
    }
    if !rules.choices.is_empty() && !rules.choices.contains(value) {
        let choices: Vec<String> = rules.choices.iter().map(Value::to_string).collect();
        let choices = choices.join(", ");
        let message = format!("Unsupported value: {value}: supported values: {choices}");
        causes.push(cause("NotSupported", field, message));
    }
    if let Value::Object(fields) = value {
        check_object(rules, fields, field, causes);
    }
}

fn wrong_type(rules: &Rules, value: &Value, field: &str) -> Option<Cause> {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |of: &String| of == found || (of == "number" && found == "integer");
    if rules.types.is_empty() || rules.types.iter().any(fits) {
        return None;
    }
    let wanted = rules.types.join(",");
    Some(wrong_kind(field, &json!(found), &wanted))
}

fn wrong_kind(field: &str, shown: &Value, wanted: &str) -> Cause {
    let detail = format!("{field} in body must be of type {wanted}: {shown}");
    let message = format!("Invalid value: {shown}: {detail}");
    cause("TypeInvalid", field, message)
}

fn check_text(rules: &Rules, text: &str, field: &str, causes: &mut Vec<Cause>) {
    let value = json!(text);
    let length = text.chars().count();
    if let Some(most) = above(rules, "maxLength", length) {
        let message = format!("Too long: may not be more than {most} bytes");
        causes.push(cause("TooLong", field, message));
    }
    if let Some(least) = below(rules, "minLength", length) {
        let should = format!("should be at least {least} chars long");
        causes.push(in_body(field, &value, should));
    }
    if let Some(pattern) = rules
        .pattern
        .as_ref()
        .filter(|pattern| !pattern.is_match(text))
    {
        causes.push(in_body(field, &value, format!("should match '{pattern}'")));
    }
    if let Some(format) = rules
        .format
        .as_deref()
        .filter(|format| !formats::fits(format, text))
    {
        causes.push(wrong_kind(field, &value, format));
    }
}

fn check_number(
    rules: &Rules,
    number: Option<f64>,
    value: &Value,
    field: &str,
    causes: &mut Vec<Cause>,
) {
    let limit = |name| rules.limits.get(name).copied().zip(number);
    if let Some((factor, number)) = limit("multipleOf")
        && (number / factor).fract() != 0.0
    {
        let should = format!("should be a multiple of {factor}");
        causes.push(in_body(field, value, should));
    }
    if let Some((most, number)) = limit("maximum")
        && (number > most || rules.exclusive_maximum && number >= most)
    {
        let or = if rules.exclusive_maximum {
            ""
        } else {
            "or equal to "
        };
        let should = format!("should be less than {or}{most}");
        causes.push(in_body(field, value, should));
    }
    if let Some((least, number)) = limit("minimum")
        && (number < least || rules.exclusive_minimum && number <= least)
    {
        let or = if rules.exclusive_minimum {
            ""
        } else {
            "or equal to "
        };
        let should = format!("should be greater than {or}{least}");
        causes.push(in_body(field, value, should));
    }
}

fn check_list(rules: &Rules, items: &[Value], field: &str, causes: &mut Vec<Cause>) {
    if let Some(inner) = &rules.items {
        for (index, item) in items.iter().enumerate() {
            check(inner, item, &format!("{field}[{index}]"), causes);
        }
    }
    if let Some(least) = below(rules, "minItems", items.len()) {
        let should = format!("should have at least {least} items");
        causes.push(in_body(field, &json!(items.len()), should));
    }
    causes.extend(too_many(rules, "maxItems", items.len(), field));
}

fn check_object(rules: &Rules, fields: &Map<String, Value>, field: &str, causes: &mut Vec<Cause>) {
    if let Some(least) = below(rules, "minProperties", fields.len()) {
        let should = format!("should have at least {least} properties");
        causes.push(in_body(field, &json!(fields.len()), should));
    }
    causes.extend(too_many(rules, "maxProperties", fields.len(), field));
    for name in rules
        .required
        .iter()
        .filter(|name| !fields.contains_key(*name))
    {
        causes.push(required(&below_field(field, name)));
    }
    for (name, value) in fields {
        if let Some(inner) = rules.properties.get(name).or(rules.values.as_deref()) {
            check(inner, value, &below_field(field, name), causes);
        }
    }
}

fn below_field(field: &str, name: &str) -> String {
    if field.is_empty() {
        name.to_owned()
    } else {
        format!("{field}.{name}")
    }
}

fn check_combinations(rules: &Rules, value: &Value, field: &str, causes: &mut Vec<Cause>) {
    let failures = |rules: &Rules| {
        let mut causes = Vec::new();
        check(rules, value, field, &mut causes);
        causes
    };
    let whole = |text: &str| invalid("<nil>", &json!(""), format!("\"{field}\" {text}"));
    let any: Vec<_> = rules.any_of.iter().map(failures).collect();
    if !any.is_empty() && any.iter().all(|causes| !causes.is_empty()) {
        causes.push(whole("must validate at least one schema (anyOf)"));
        causes.extend(any.into_iter().next().unwrap_or_default());
    }
    let one: Vec<_> = rules.one_of.iter().map(failures).collect();
    match one.iter().filter(|causes| causes.is_empty()).count() {
        _ if one.is_empty() => {}
        0 => {
            causes.push(whole(
                "must validate one and only one schema (oneOf). Found none valid",
            ));
            causes.extend(one.into_iter().next().unwrap_or_default());
        }
        1 => {}
        many => {
            let text = "must validate one and only one schema (oneOf). Found";
            causes.push(whole(&format!("{text} {many} valid alternatives")));
        }
    }
    let all: Vec<_> = rules.all_of.iter().map(failures).collect();
    if all.iter().any(|causes| !causes.is_empty()) {
        let none = all.iter().all(|causes| !causes.is_empty());
        causes.extend(all.into_iter().flatten());
        let more = if none { ". None validated" } else { "" };
        causes.push(whole(&format!(
            "must validate all the schemas (allOf){more}"
        )));
    }
    if rules
        .not
        .as_ref()
        .is_some_and(|not| failures(not).is_empty())
    {
        causes.push(whole("must not validate the schema (not)"));
    }
}

/// The limit, if `count` is below it.
fn below(rules: &Rules, limit: &str, count: usize) -> Option<f64> {
    let limit = rules.limits.get(limit).copied();
    limit.filter(|limit| as_number(count) < *limit)
}

fn above(rules: &Rules, limit: &str, count: usize) -> Option<f64> {
    let limit = rules.limits.get(limit).copied();
    limit.filter(|limit| as_number(count) > *limit)
}

fn as_number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn too_many(rules: &Rules, limit: &str, count: usize, field: &str) -> Option<Cause> {
    let most = above(rules, limit, count)?;
    let message = format!("Too many: {count}: must have at most {most} items");
    Some(cause("TooMany", field, message))
}

/// What the extensions of Kubernetes ask for: distinct items, and whole objects that say what they are.
fn check_structure(rules: &Rules, value: &Value, field: &str, causes: &mut Vec<Cause>) {
    match value {
        Value::Array(items) => {
            check_distinct(&rules.distinct, items, field, causes);
            for (index, item) in items.iter().enumerate() {
                if let Some(inner) = &rules.items {
                    check_structure(inner, item, &format!("{field}[{index}]"), causes);
                }
            }
        }
        Value::Object(fields) => {
            for name in ["apiVersion", "kind"] {
                if rules.embedded && fields.get(name).is_none_or(|value| *value == "") {
                    causes.push(required(&below_field(field, name)));
                }
            }
            for (name, value) in fields {
                if let Some(inner) = rules.properties.get(name).or(rules.values.as_deref()) {
                    check_structure(inner, value, &below_field(field, name), causes);
                }
            }
        }
        _ => {}
    }
}

fn check_distinct(distinct: &Distinct, items: &[Value], field: &str, causes: &mut Vec<Cause>) {
    let identity = |item: &Value| match distinct {
        Distinct::Keys(keys) => {
            let keys = keys.iter();
            let found = keys.filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
            Value::Object(found.collect())
        }
        _ => item.clone(),
    };
    if *distinct == Distinct::None {
        return;
    }
    let mut seen = std::collections::BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let identity = identity(item);
        if !seen.insert(identity.to_string()) {
            let message = format!("Duplicate value: {identity}");
            causes.push(cause("Duplicate", &format!("{field}[{index}]"), message));
        }
    }
}
