use super::*;

fn required(field: &str) -> Cause {
    Cause {
        reason: "FieldValueRequired".into(),
        message: "Required value".into(),
        field: field.into(),
    }
}

#[test]
fn several_causes_are_listed_in_brackets_and_each_once() {
    let causes = vec![required("spec.a"), required("spec.b"), required("spec.a")];
    let status = Status::invalid("apps", "Deployment", "web", causes);
    assert_eq!(
        status.message,
        "Deployment.apps \"web\" is invalid: [spec.a: Required value, spec.b: Required value]"
    );
    assert_eq!(status.details.map(|details| details.causes.len()), Some(3));
}

#[test]
fn an_error_without_a_class_has_no_reason() {
    let status = Status::unclassified("resourceVersion should not be set on objects to be created");
    assert_eq!(
        status.to_json(),
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 500,
            "message": "resourceVersion should not be set on objects to be created",
        })
    );
}

#[test]
fn an_eviction_that_need_not_wait_says_no_seconds() {
    let details = Status::too_many_requests("busy", 0).details;
    assert_eq!(json!(details), json!({}));
    let details = Status::too_many_requests("busy", 10).details;
    assert_eq!(json!(details), json!({"retryAfterSeconds": 10}));
}
