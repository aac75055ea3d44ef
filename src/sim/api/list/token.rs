//! The `continue` token: where a list goes on, in base64. Clients must not look into it.

use std::fmt;

use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{DecodeError, Engine};
use serde::{Deserialize, Serialize};

use crate::sim::api::body;
use crate::sim::registry::Target;
use crate::sim::store::Key;

/// Go does not look at bits that are too many.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

const VERSION: &str = "meta.k8s.io/v1";

/// A revision and the last key that was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// Nothing: as it is now.
    pub revision: Option<u64>,
    namespace: String,
    name: String,
}

/// As the real server writes it down.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    v: String,
    rv: i64,
    start: String,
}

impl Token {
    pub(super) fn after(revision: u64, key: &Key) -> Self {
        Self {
            revision: Some(revision),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
        }
    }

    /// Goes on from the same place in whatever is there then.
    pub(super) fn inconsistent(key: &Key) -> Self {
        Self {
            revision: None,
            ..Self::after(0, key)
        }
    }

    pub(super) fn key(&self, target: &Target) -> Key {
        Key {
            resource: target.resource.stored.resource.clone(),
            namespace: self.namespace.as_str().into(),
            name: self.name.as_str().into(),
        }
    }

    /// The error is the real server's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const INVALID: &str = "continue key is not valid";
        let bytes = BASE64.decode(text).map_err(|error| {
            format!(
                "{INVALID}: illegal base64 data at input byte {}",
                place(&error)
            )
        })?;
        let written: Written = serde_json::from_slice(&bytes)
            .map_err(|error| format!("{INVALID}: {}", body::go_error(&bytes, &error)))?;
        if written.v != VERSION {
            return Err(format!(
                "{INVALID}: server does not recognize this encoded version {}",
                written.v
            ));
        }
        if written.rv == 0 {
            return Err(format!(
                "{INVALID}: incorrect encoded start resourceVersion (version {VERSION})"
            ));
        }
        let Some((namespace, name)) = written.start.trim_end_matches('\0').split_once('/') else {
            return Err(format!("{INVALID}: {}", written.start));
        };
        Ok(Self {
            revision: u64::try_from(written.rv).ok(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = Written {
            v: VERSION.to_owned(),
            rv: self
                .revision
                .map_or(-1, |revision| revision.try_into().unwrap_or(i64::MAX)),
            start: format!("{}/{}\0", self.namespace, self.name),
        };
        let json = serde_json::to_string(&written).map_err(|_| fmt::Error)?;
        f.write_str(&BASE64.encode(json))
    }
}

/// Where base64 text is wrong.
fn place(error: &DecodeError) -> usize {
    match error {
        DecodeError::InvalidByte(at, _)
        | DecodeError::InvalidLastSymbol(at, _)
        | DecodeError::InvalidLength(at) => *at,
        DecodeError::InvalidPadding => 0,
    }
}

/// Nothing comes before this key.
pub(super) fn before_all(target: &Target) -> Key {
    Key {
        resource: target.resource.stored.resource.clone(),
        namespace: "".into(),
        name: "".into(),
    }
}
