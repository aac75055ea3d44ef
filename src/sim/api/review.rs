//! Questions about the caller's own identity and rights: whoever got here is the administrator.

use serde_json::{Value, json};

use super::body::Kind;

const USER: &str = "sim:admin";

/// The kind that a POST to this resource takes, if it is one of the reviews.
pub(super) fn kind(group: &str, version: &str, plural: &str) -> Option<Kind<'static>> {
    let (api_version, kind) = match (group, version, plural) {
        ("authentication.k8s.io", "v1", "selfsubjectreviews") => {
            ("authentication.k8s.io/v1", "SelfSubjectReview")
        }
        ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => {
            ("authorization.k8s.io/v1", "SelfSubjectAccessReview")
        }
        ("authorization.k8s.io", "v1", "selfsubjectrulesreviews") => {
            ("authorization.k8s.io/v1", "SelfSubjectRulesReview")
        }
        _ => return None,
    };
    Some(Kind { api_version, kind })
}

/// The review with its answer.
pub(super) fn answer(mut review: Value) -> Value {
    let status = match review["kind"].as_str() {
        Some("SelfSubjectReview") => json!({"userInfo": {
            "username": USER,
            "groups": ["system:masters", "system:authenticated"],
        }}),
        Some("SelfSubjectRulesReview") => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
            "incomplete": false,
        }),
        _ => json!({"allowed": true}),
    };
    review["status"] = status;
    review
}
