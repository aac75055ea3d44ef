use std::cell::Cell;

use serde_json::{Value, json};

use super::*;

fn answer(code: u16, message: &str) -> Status {
    detailed(code, message, &json!({}))
}

fn detailed(code: u16, message: &str, details: &Value) -> Status {
    let status = json!({"status": "Failure", "code": code, "message": message, "details": details});
    serde_json::from_value(status).unwrap()
}

fn api(status: Status) -> kube::Error {
    kube::Error::Api(status.boxed())
}

#[test]
fn what_a_starting_server_or_webhook_says_heals() {
    for code in [404, 429, 500, 503, 504] {
        assert!(
            RequestError::from(answer(code, "failed calling webhook")).heals,
            "{code}"
        );
    }
}

#[test]
fn what_the_caller_did_wrong_does_not_heal() {
    for code in [400, 401, 403, 422] {
        assert!(!RequestError::from(answer(code, "no")).heals, "{code}");
    }
}

#[test]
fn a_missing_namespace_does_not_heal() {
    let status = detailed(
        404,
        "namespaces \"x\" not found",
        &json!({"kind": "namespaces", "name": "x"}),
    );
    assert!(!RequestError::from(status).heals);
}

#[test]
fn an_object_that_changed_meanwhile_heals_but_a_field_of_another_manager_does_not() {
    let causes = json!({"causes": [{"reason": "FieldManagerConflict", "field": ".spec"}]});
    assert!(RequestError::from(answer(409, "the object has been modified")).heals);
    assert!(!RequestError::from(detailed(409, "conflict", &causes)).heals);
}

#[test]
fn a_lost_connection_heals_and_a_certificate_that_is_refused_does_not() {
    let service = |error: std::io::Error| RequestError::from(kube::Error::Service(error.into()));
    let refused = service(std::io::ErrorKind::ConnectionRefused.into());
    assert!(refused.heals);
    assert_eq!(
        refused.to_string(),
        "no answer from the API server: connection refused"
    );
    let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    assert!(!service(std::io::Error::other(unknown)).heals);
}

#[tokio::test(start_paused = true)]
async fn what_heals_is_tried_again_until_it_succeeds() {
    let attempts = Cell::new(0);
    let attempt = || async {
        attempts.set(attempts.get() + 1);
        if attempts.get() < 5 {
            Err(api(answer(503, "not yet")))
        } else {
            Ok(())
        }
    };
    retry(Instant::now() + Duration::from_mins(1), attempt)
        .await
        .unwrap();
    assert_eq!(attempts.get(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_last_error_is_the_result_when_time_is_up() {
    let started = Instant::now();
    let attempt = || async { Err::<(), _>(api(answer(503, "still starting"))) };
    let error = retry(started + Duration::from_secs(10), attempt)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "still starting");
    assert!(started.elapsed() <= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_after_the_deadline() {
    let started = Instant::now();
    let attempt = std::future::pending::<kube::Result<()>>;
    let error = retry(started + Duration::from_secs(5), attempt)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no answer"), "{error}");
    assert_eq!(started.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_server_puts_off_is_made_again_and_no_other() {
    let count = |code: u16, succeeds_at: u32| async move {
        let made = Cell::new(0);
        let request = || async {
            made.set(made.get() + 1);
            let refused = || api(answer(code, "storage is (re)initializing"));
            (made.get() == succeeds_at)
                .then_some(())
                .ok_or_else(refused)
        };
        (once_served(request).await.is_ok(), made.get())
    };
    assert_eq!(count(429, 3).await, (true, 3));
    assert_eq!(count(404, 3).await, (false, 1));
    assert!(!count(429, u32::MAX).await.0, "it has an end");
}
