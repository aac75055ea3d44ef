use super::*;

#[test]
fn what_is_left_out_has_its_default() {
    let scenario = Scenario::parse("seed: 7\npodStartMs: {from: 1, to: 2}\n").unwrap();
    let expected = Scenario {
        seed: 7,
        pod_start_ms: Range { from: 1, to: 2 },
        ..Scenario::default()
    };
    assert_eq!(scenario, expected);
    assert_eq!(Scenario::parse("{}").unwrap(), Scenario::default());
}

#[test]
fn errors_name_what_is_wrong() {
    let error = |text: &str| Scenario::parse(text).unwrap_err().to_string();
    assert!(error("podStartMS: {from: 1, to: 2}").contains("podStartMS"));
    assert!(error("podStartMs: {from: 3, to: 2}").contains("podStartMs begins at 3"));
    assert!(error("faults: {machinesNeverJoinPercent: 101}").contains("101, more than 100"));
    let sold = "faults: {soldOut: [{machineType: cx22, fromSeconds: 5, toSeconds: 5}]}";
    assert!(error(sold).contains("cx22"));
}

#[test]
fn a_type_is_sold_out_only_for_its_time() {
    let text = "faults: {soldOut: [{machineType: cx22, fromSeconds: 5, toSeconds: 9}, {machineType: cx32}]}";
    let scenario = Scenario::parse(text).unwrap();
    let sold: Vec<bool> = [4, 5, 8, 9]
        .map(|second| scenario.is_sold_out("cx22", second))
        .into();
    assert_eq!(sold, [false, true, true, false]);
    assert!(scenario.is_sold_out("cx32", 1_000_000));
    assert!(!scenario.is_sold_out("cx42", 6));
}
