//! Errors as the API gives them: `Status` objects.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::resources::Resource;
use super::store::Unwritten;

/// A failed request: HTTP code, machine-readable reason and a message, in the real API server's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    pub code: u16,
    /// `NotFound`, `AlreadyExists`, `Conflict`, `Invalid`, `BadRequest`, `Expired`, ... Empty for errors that the real
    /// server does not classify.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// Boxed, because every fallible function of the API carries a `Status`.
    pub details: Option<Box<Details>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The resource (plural), or the kind where the real server says so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// `FieldValueRequired`, `FieldManagerConflict`, ...
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
}

impl Status {
    /// Any failure; the other constructors name the usual ones.
    pub fn failure(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            details: None,
        }
    }

    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// Adds one cause to the details.
    #[must_use]
    pub fn with_cause(mut self, cause: Cause) -> Self {
        self.details.get_or_insert_default().causes.push(cause);
        self
    }

    pub fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.group_resource());
        Self::failure(404, "NotFound", message).with_details(about(resource, name))
    }

    /// No resource or subresource of that name is served.
    pub fn not_served() -> Self {
        Self::failure(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
        .with_details(Details::default())
    }

    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.group_resource());
        Self::failure(409, "AlreadyExists", message).with_details(about(resource, name))
    }

    /// No free name was found for `generateName`.
    pub fn no_unique_name(resource: &Resource, name: &str) -> Self {
        let mut details = about(resource, name);
        details.retry_after_seconds = Some(1);
        let message = format!(
            "{} \"{name}\" already exists, the server was not able to generate a unique name for the object",
            resource.group_resource()
        );
        Self::failure(409, "AlreadyExists", message).with_details(details)
    }

    pub fn conflict(resource: &Resource, name: &str, because: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {because}",
            resource.group_resource()
        );
        Self::failure(409, "Conflict", message).with_details(about(resource, name))
    }

    /// The object is not in the state that the writer has seen.
    pub fn modified(resource: &Resource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub fn forbidden(resource: &Resource, name: &str, because: &str) -> Self {
        let resource_name = resource.group_resource();
        let message = match name {
            "" => format!("{resource_name} is forbidden: {because}"),
            name => format!("{resource_name} \"{name}\" is forbidden: {because}"),
        };
        Self::failure(403, "Forbidden", message).with_details(about(resource, name))
    }

    /// Validation failed; `kind` and `group` as the real server names the object.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let qualified = match group {
            "" => kind.to_owned(),
            group => format!("{kind}.{group}"),
        };
        let message = match listed(&causes) {
            None => format!("{qualified} \"{name}\" is invalid"),
            Some(list) => format!("{qualified} \"{name}\" is invalid: {list}"),
        };
        Self::failure(422, "Invalid", message).with_details(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes,
            ..Details::default()
        })
    }

    /// Validation of an object of that resource failed.
    pub fn invalid_object(resource: &Resource, name: &str, causes: Vec<Cause>) -> Self {
        // Events are of the core group inside, whichever way they come.
        let group = match &*resource.stored.resource {
            "events" => "",
            _ => &resource.group,
        };
        Self::invalid(group, &resource.kind, name, causes)
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, "BadRequest", message)
    }

    pub fn unauthorized() -> Self {
        Self::failure(401, "Unauthorized", "Unauthorized")
    }

    /// The verb is not among the resource's.
    pub fn method_not_allowed() -> Self {
        Self::failure(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )
        .with_details(Details::default())
    }

    pub fn not_acceptable(message: impl Into<String>) -> Self {
        Self::failure(406, "NotAcceptable", message)
    }

    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, "Expired", message)
    }

    pub fn gone(message: impl Into<String>) -> Self {
        Self::failure(410, "Gone", message)
    }

    pub fn too_large(message: impl Into<String>) -> Self {
        Self::failure(413, "RequestEntityTooLarge", message)
    }

    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::failure(415, "UnsupportedMediaType", message)
    }

    /// Zero seconds: the client is not told when to come back.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self::failure(429, "TooManyRequests", message).with_details(Details {
            retry_after_seconds: Some(retry_after_seconds).filter(|seconds| *seconds > 0),
            ..Details::default()
        })
    }

    pub fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::failure(
            500,
            "InternalError",
            format!("Internal error occurred: {message}"),
        )
        .with_cause(Cause {
            message,
            ..Cause::default()
        })
    }

    /// An error that the real server passes on without a reason.
    pub fn unclassified(message: impl Into<String>) -> Self {
        Self::failure(500, "", message)
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = json!(details);
        }
        status
    }
}

impl From<Unwritten> for Status {
    fn from(error: Unwritten) -> Self {
        Self::internal(error.to_string())
    }
}

/// The answer to a deletion that is done.
pub fn success(resource: &Resource, name: &str, uid: &str) -> Value {
    let mut details = about(resource, name);
    uid.clone_into(&mut details.uid);
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    })
}

fn about(resource: &Resource, name: &str) -> Details {
    Details {
        name: name.to_owned(),
        group: resource.group.to_string(),
        kind: resource.plural.to_string(),
        ..Details::default()
    }
}

/// Each different text once; several in brackets.
fn listed(causes: &[Cause]) -> Option<String> {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes {
        let text = format!("{}: {}", cause.field, cause.message);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.len() {
        0 => None,
        1 => texts.pop(),
        _ => Some(format!("[{}]", texts.join(", "))),
    }
}

#[cfg(test)]
mod tests;
