//! Values as Go prints them, because error texts show them so.

use serde_json::Value;

/// `map[a:1 b:[x y]]`.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(text).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", text(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::text;

    #[test]
    fn nested_values_look_like_those_of_go() {
        let value = json!({"b": ["x", null, true], "a": {"c": 1}});
        assert_eq!(text(&value), "map[a:map[c:1] b:[x <nil> true]]");
    }
}
