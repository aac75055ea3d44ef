//! The forms that names and other short texts must have, in the real server's words.

/// Longest name part of a qualified name, and longest label.
const LABEL: usize = 63;
/// Longest subdomain, and longest key of a `ConfigMap`.
const SUBDOMAIN: usize = 253;

const LABEL_TEXT: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035_TEXT: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with \
an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_TEXT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED_TEXT: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_TEXT: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY_TEXT: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const HEADER_TEXT: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', \
regex used for validation is '[-A-Za-z0-9]+')";
const PERCENT_TEXT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
'93%', regex used for validation is '[0-9]+%')";

/// What is wrong with a text that should have this form; nothing if it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 1123.
    Label,
    /// RFC 1035: it starts with a letter.
    Label1035,
    Subdomain,
    /// `example.com/name`
    Qualified,
    LabelValue,
    /// A key of a `ConfigMap` or Secret.
    ConfigKey,
    /// What fits between two slashes of a path.
    PathSegment,
    PortName,
    HeaderName,
    EnvName,
    Percent,
}

impl Form {
    /// As the table of rules calls it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "label" => Self::Label,
            "label1035" => Self::Label1035,
            "subdomain" => Self::Subdomain,
            "qualified" => Self::Qualified,
            "label-value" => Self::LabelValue,
            "path-segment" => Self::PathSegment,
            "port-name" => Self::PortName,
            "env-name" => Self::EnvName,
            _ => return None,
        })
    }

    pub(super) fn faults(self, text: &str) -> Vec<String> {
        match self {
            Self::Label => label(text),
            Self::Label1035 => limited(text, LABEL, is_label_1035(text), LABEL_1035_TEXT),
            Self::Subdomain => limited(text, SUBDOMAIN, is_subdomain(text), SUBDOMAIN_TEXT),
            Self::Qualified => qualified(text),
            Self::LabelValue => {
                let fits = text.is_empty() || is_name_part(text);
                limited(text, LABEL, fits, VALUE_TEXT)
            }
            Self::ConfigKey => config_key(text),
            Self::PathSegment => path_segment(text),
            Self::PortName => port_name(text),
            Self::HeaderName => limited(
                text,
                usize::MAX,
                made_of(text, |byte| byte.is_ascii_alphanumeric() || byte == b'-'),
                HEADER_TEXT,
            ),
            Self::EnvName => env_name(text),
            Self::Percent => {
                let number = text.strip_suffix('%').unwrap_or_default();
                let fits = made_of(number, |byte| byte.is_ascii_digit());
                limited(text, usize::MAX, fits, PERCENT_TEXT)
            }
        }
    }

    pub(super) fn fits(self, text: &str) -> bool {
        self.faults(text).is_empty()
    }
}

fn limited(text: &str, most: usize, fits: bool, otherwise: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > most {
        faults.push(format!("must be no more than {most} characters"));
    }
    if !fits {
        faults.push(otherwise.to_owned());
    }
    faults
}

fn made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

fn starts_and_ends(text: &str, start: impl Fn(u8) -> bool, end: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|first| start(*first)) && bytes.last().is_some_and(|last| end(*last))
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_label(text: &str) -> bool {
    made_of(text, |byte| is_lower(byte) || byte == b'-')
        && starts_and_ends(text, is_lower, is_lower)
}

fn is_label_1035(text: &str) -> bool {
    is_label(text) && starts_and_ends(text, |first| first.is_ascii_lowercase(), is_lower)
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_name_part(text: &str) -> bool {
    let edge = |byte: u8| byte.is_ascii_alphanumeric();
    made_of(text, |byte| {
        edge(byte) || matches!(byte, b'-' | b'_' | b'.')
    }) && starts_and_ends(text, edge, edge)
}

fn label(text: &str) -> Vec<String> {
    let otherwise = if is_subdomain(text) {
        "must not contain dots"
    } else {
        LABEL_TEXT
    };
    limited(text, LABEL, is_label(text), otherwise)
}

fn qualified(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = match text.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a qualified name {QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some(("", name)) => {
            faults.push("prefix part must be non-empty".to_owned());
            name
        }
        Some((prefix, name)) => {
            let wrong = Form::Subdomain.faults(prefix);
            faults.extend(wrong.iter().map(|fault| format!("prefix part {fault}")));
            name
        }
        None => text,
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL {
        faults.push(format!("name part must be no more than {LABEL} characters"));
    }
    if !is_name_part(name) {
        faults.push(format!("name part {QUALIFIED_TEXT}"));
    }
    faults
}

fn config_key(text: &str) -> Vec<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut faults = limited(text, SUBDOMAIN, made_of(text, allowed), CONFIG_KEY_TEXT);
    faults.extend(match text {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        text if text.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    });
    faults
}

fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    let found = ["/", "%"].into_iter().filter(|part| text.contains(part));
    found
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

fn port_name(text: &str) -> Vec<String> {
    const MOST: usize = 15;
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, text: &str| {
        if wrong {
            faults.push(text.to_owned());
        }
    };
    let lower = |byte: u8| is_lower(byte) || byte == b'-';
    fault(text.len() > MOST, "must be no more than 15 characters");
    fault(
        !made_of(text, lower),
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    );
    fault(
        !text.bytes().any(|byte| byte.is_ascii_lowercase()),
        "must contain at least one letter (a-z)",
    );
    fault(text.contains("--"), "must not contain consecutive hyphens");
    fault(
        text.starts_with('-') || text.ends_with('-'),
        "must not begin or end with a hyphen",
    );
    faults
}

fn env_name(text: &str) -> Vec<String> {
    let printable = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && byte != b'=';
    if text.bytes().all(printable) {
        return Vec::new();
    }
    vec![
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
            .to_owned(),
    ]
}

/// `generateName` may end in a dash where the name may not.
pub(super) fn without_dash(text: &str) -> String {
    match text.strip_suffix('-') {
        // The real server drops the letter before the dash, too.
        Some(rest) if !rest.is_empty() => {
            let end = rest.char_indices().last().map_or(0, |(at, _)| at);
            format!("{}a", &rest[..end])
        }
        _ => text.to_owned(),
    }
}
