//! What label keys and values may look like, in the real server's words.

const NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const MOST: usize = 63;

pub(super) fn check_key(key: &str) -> Result<(), String> {
    let wrong = key_errors(key);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "<nil>: Invalid value: \"{key}\": {}",
        wrong.join("; ")
    ))
}

pub(super) fn check_value(key: &str, index: usize, value: &str) -> Result<(), String> {
    let mut wrong = Vec::new();
    if value.len() > MOST {
        wrong.push(format!("must be no more than {MOST} characters"));
    }
    if !value.is_empty() && !is_name(value) {
        wrong.push(VALUE.to_owned());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "values[{index}][{key}]: Invalid value: \"{value}\": {}",
        wrong.join("; ")
    ))
}

pub(super) fn check_number(value: &str) -> Result<i64, String> {
    value.parse().map_err(|_| {
        format!("values[0]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer")
    })
}

fn key_errors(key: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let (prefix, name) = match key.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a qualified name {NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    match prefix {
        Some("") => wrong.push("prefix part must be non-empty".to_owned()),
        Some(prefix) if !is_subdomain(prefix) => wrong.push(format!("prefix part {SUBDOMAIN}")),
        _ => {}
    }
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > MOST {
        wrong.push(format!("name part must be no more than {MOST} characters"));
    }
    if !is_name(name) {
        wrong.push(format!("name part {NAME}"));
    }
    wrong
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let outer = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(outer) && text.ends_with(outer) && text.chars().all(inner)
}

fn is_subdomain(text: &str) -> bool {
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.split('.').all(|part| {
        part.starts_with(outer)
            && part.ends_with(outer)
            && part.chars().all(|c| outer(c) || c == '-')
    })
}
