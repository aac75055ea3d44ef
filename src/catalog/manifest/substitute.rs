//! Variables in a provider's manifest.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};

/// Replaces `${V}`, `${V:=default}`, `${V=default}` and `${V:-default}` (spaces around the name are fine). As for
/// clusterctl, a default also replaces an empty value. `$${V}` stands for a literal `${V}`.
pub fn substitute(text: &str, values: &BTreeMap<String, String>) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = &from[2..];
            continue;
        }
        out.push_str(before);
        let line = || 1 + text[..text.len() - from.len()].matches('\n').count();
        let end = from
            .find('}')
            .ok_or_else(|| anyhow!("line {}: `${{` without `}}`", line()))?;
        match value(&from[2..end], values) {
            Ok(value) => out.push_str(value),
            Err(why) => bail!("line {}: {why}", line()),
        }
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The value of an expression such as `V:=default`.
fn value<'a>(expression: &'a str, values: &'a BTreeMap<String, String>) -> Result<&'a str, String> {
    let expression = expression.trim();
    let end = expression
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(expression.len());
    let (name, operator) = expression.split_at(end);
    let default = [":=", ":-", "="]
        .iter()
        .find_map(|prefix| operator.strip_prefix(prefix));
    if name.is_empty() || (default.is_none() && !operator.is_empty()) {
        return Err(format!(
            "`${{{expression}}}` is not understood; use ${{NAME}} or ${{NAME:=default}}"
        ));
    }
    match (values.get(name).map(String::as_str), default) {
        (None | Some(""), Some(default)) => Ok(default),
        (Some(value), _) => Ok(value),
        (None, None) => Err(format!(
            "variable `{name}` has neither a value nor a default"
        )),
    }
}
