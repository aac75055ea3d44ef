use serde_json::json;

use super::*;

#[test]
fn the_older_contract_reports_failures_elsewhere() {
    let object = json!({
        "metadata": {"name": "w"},
        "status": {"deprecated": {"v1beta1": {"failureReason": "CreateError", "failureMessage": "server type unavailable: resource_unavailable"}}},
    });
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let machine = Machine::of(serde_json::from_value(object).unwrap(), now);
    let failure = machine.failure.unwrap();
    assert!(failure.sold_out);
    assert!(failure.why.starts_with("CreateError: "));
}

#[test]
fn waiting_for_a_server_is_no_failure() {
    let object = json!({
        "metadata": {"name": "w"},
        "status": {"conditions": [{"type": "InfrastructureReady", "status": "False", "reason": "NotReady", "message": "* waits"}]},
    });
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let machine = Machine::of(serde_json::from_value(object).unwrap(), now);
    assert_eq!(machine.failure, None);
}

#[test]
fn a_deadline_needs_enough_machines_to_know() {
    let mut boots = Boots::default();
    for seconds in 0..19 {
        boots.add("small", 30 + seconds);
    }
    assert_eq!(boots.deadline("small"), None);
    boots.add("small", 60);
    assert_eq!(boots.deadline("small"), Some(120));
    for _ in 0..400 {
        boots.add("small", 40);
    }
    // Two of 420 may be slower.
    boots.add("small", 300);
    assert_eq!(boots.deadline("small"), Some(48));
    assert_eq!(boots.deadline("large"), None);
}
