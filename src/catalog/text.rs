//! What the strings of a catalogue may look like. Errors arise while parsing, so that they carry file and line.

use std::collections::HashSet;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error};

use super::Component;

/// `v1.34.3`, `v1.13.0-rc.1`.
pub(super) fn version<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    checked(input, is_version, "a version such as v1.34.3")
}

/// One that can be part of a file name.
pub(super) fn name<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    checked(
        input,
        is_name,
        "a name of lower-case letters, digits and dashes",
    )
}

pub(super) fn tagged_image<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    checked(
        input,
        is_tagged_image,
        "an image with a tag and without a digest, such as kindest/node:v1.34.3",
    )
}

pub(super) fn optional_tagged_image<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<String>, D::Error> {
    tagged_image(input).map(Some)
}

pub(super) fn optional_sha256<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<String>, D::Error> {
    checked(input, is_sha256, "a SHA-256 of 64 lower-case hex digits").map(Some)
}

pub(super) fn unique_components<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Vec<Component>, D::Error> {
    let components = Vec::<Component>::deserialize(input)?;
    let mut names = HashSet::new();
    match components.iter().find(|c| !names.insert(&c.name)) {
        Some(twice) => Err(D::Error::custom(format!(
            "component `{}` is listed twice",
            twice.name
        ))),
        None => Ok(components),
    }
}

/// Makes `./path` absolute; leaves URLs and absolute paths.
pub(super) fn resolve(location: &mut String, directory: &Path) {
    if !location.contains("://") && Path::new(location.as_str()).is_relative() {
        let inside = location.strip_prefix("./").unwrap_or(location);
        *location = directory.join(inside).display().to_string();
    }
}

pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn checked<'de, D: Deserializer<'de>>(
    input: D,
    good: fn(&str) -> bool,
    wanted: &str,
) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    if good(&text) {
        return Ok(text);
    }
    Err(D::Error::custom(format!("`{text}` is not {wanted}")))
}

fn is_version(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    text.strip_prefix('v').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(plain)
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
}

fn is_tagged_image(text: &str) -> bool {
    let last = text.rsplit('/').next().unwrap_or(text);
    let tagged = last
        .split_once(':')
        .is_some_and(|(name, tag)| !name.is_empty() && !tag.is_empty());
    tagged && !text.contains('@') && !text.contains(char::is_whitespace)
}
