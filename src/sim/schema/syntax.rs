//! Broken JSON, in the words of Go's decoder.

use serde_json::error::Category;

/// Of a body that is shown to say what was wrong.
const SHOWN: usize = 30;

/// `unexpected end of JSON input`, `invalid character 'x' after top-level value`.
pub(super) fn error(error: &serde_json::Error, body: &[u8]) -> String {
    if error.classify() == Category::Eof || body.is_empty() {
        return "unexpected end of JSON input".to_owned();
    }
    let found = char::from(*body.get(offset(error, body)).unwrap_or(&b' '));
    format!("invalid character {found:?} {}", expectation(error, found))
}

/// What Go was looking for where serde says what it did not find.
fn expectation(error: &serde_json::Error, found: char) -> &'static str {
    let text = error.to_string();
    let says = |part| text.starts_with(part);
    if says("trailing characters") {
        "after top-level value"
    } else if says("key must be a string") || says("trailing comma") && found == '}' {
        "looking for beginning of object key string"
    } else if says("expected `:`") {
        "after object key"
    } else if says("expected `,` or `}`") {
        "after object key:value pair"
    } else if says("expected `,` or `]`") {
        "after array element"
    } else if says("control character") {
        "in string literal"
    } else if says("invalid escape") {
        "in string escape code"
    } else if says("invalid number") {
        "in numeric literal"
    } else {
        "looking for beginning of value"
    }
}

fn offset(error: &serde_json::Error, body: &[u8]) -> usize {
    let lines = body.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    before + error.column().saturating_sub(1)
}

/// The beginning of a body; in hexadecimal if it does not look like an object.
pub(super) fn beginning(body: &[u8]) -> String {
    let start = &body[..body.len().min(SHOWN)];
    let more = if body.len() > SHOWN { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => {
            let hexadecimal: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
            hexadecimal.concat() + more
        }
    }
}
