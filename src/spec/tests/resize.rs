//! `spec.resize` and policy files.

use std::time::Duration;

use super::super::{Resize, policy};
use super::{document, parsed, refused};
use crate::failure::report;
use crate::resize::offer::Price;
use crate::resize::policy::{Policy, QuietHours, RemovalBudget, Share};

const EVERYTHING: &str = "\
maxHourlyCost: 0.5
maxMonthlyCost: \"200\"
priorityCutoff: 0
unneededFor: 10m
beforeNextHour: 2m
maxRemovals: 3
removalBudget: {nodes: 10%, within: 1h}
maxAdditions: 4
settle: 0s
quietHours: [\"22:00-06:30\"]
maxUnreadyPercent: 20
retrySoldOut: 1h
bootDeadline: 1h30m
";

fn everything() -> Policy {
    Policy {
        max_hourly_cost: Some(Price(500_000)),
        max_monthly_cost: Some(Price(200_000_000)),
        priority_cutoff: 0,
        unneeded_for: Duration::from_mins(10),
        before_next_hour: Duration::from_mins(2),
        max_removals: 3,
        removal_budget: Some(RemovalBudget {
            nodes: Share::Percent(10),
            within: Duration::from_hours(1),
        }),
        max_additions: 4,
        settle: Duration::ZERO,
        quiet_hours: vec![QuietHours {
            from: 1320,
            to: 390,
        }],
        max_unready_percent: 20,
        retry_sold_out: Duration::from_hours(1),
        boot_deadline: Duration::from_mins(90),
    }
}

/// `text` below `spec.resize`.
fn in_a_spec(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    {line}\n"));
    format!("  substrate: sim\n  resize:\n{}", lines.collect::<String>())
}

#[test]
fn a_policy_file_and_the_spec_are_the_same_document() {
    assert_eq!(policy(EVERYTHING, "p.yaml").unwrap(), everything());
    let resize = parsed(&in_a_spec(EVERYTHING)).resize;
    assert!(resize.enabled);
    assert_eq!(resize.policy, everything());
}

#[test]
fn an_empty_policy_is_the_usual_one() {
    for text in ["", "{}", "# nothing\n", "settle:\n"] {
        assert_eq!(
            policy(text, "p.yaml").unwrap(),
            Policy::default(),
            "{text:?}"
        );
    }
    for spec in ["  substrate: sim", "  substrate: sim\n  resize: {}"] {
        assert_eq!(parsed(spec).resize, Resize::default());
    }
}

#[test]
fn what_is_written_of_a_policy_is_read_as_the_same() {
    for of in [Policy::default(), everything()] {
        assert_eq!(policy(&of.document(), "p.yaml").unwrap(), of);
    }
    assert_eq!(Policy::default().document(), "");
}

#[test]
fn the_loop_can_be_unwanted() {
    let resize = parsed("  substrate: sim\n  resize: {enabled: false}").resize;
    assert!(!resize.enabled);
}

#[test]
fn everything_that_is_wrong_is_told_with_its_line_and_field() {
    let text = "\
maxRemovals: -1
maxHourlyCosts: 1
settle: 3
bootDeadline: -3s
maxHourlyCost: -1
maxMonthlyCost: 0
quietHours: [\"25:00-06:00\", 7]
maxUnreadyPercent: 101
removalBudget: {nodes: 110%}";
    let told = report(&policy(text, "p.yaml").unwrap_err().into());
    let known = "maxHourlyCost, maxMonthlyCost, priorityCutoff, unneededFor, beforeNextHour, maxRemovals, removalBudget, maxAdditions, settle, quietHours, maxUnreadyPercent, retrySoldOut, bootDeadline";
    let expected = [
        "p.yaml:1:14: maxRemovals: must be 0 to 4294967295, found -1".to_owned(),
        format!("p.yaml:2:1: maxHourlyCosts: unknown field; expected {known}"),
        "p.yaml:3:9: settle: expected a string, found the number 3".to_owned(),
        "p.yaml:4:15: bootDeadline: `-3s` is not a duration; write one like 90s, 10m or 1h30m".to_owned(),
        "p.yaml:5:16: maxHourlyCost: `-1` is not an amount of money; write one like 0.5 or 200".to_owned(),
        "p.yaml:6:17: maxMonthlyCost: 0 would forbid every machine; leave it out or write an amount".to_owned(),
        "p.yaml:7:14: quietHours[0]: `25:00-06:00` is not a part of a day; write one like 22:00-06:00".to_owned(),
        "p.yaml:7:29: quietHours[1]: expected a string, found the number 7".to_owned(),
        "p.yaml:8:20: maxUnreadyPercent: must be 0 to 100, found 101".to_owned(),
        "p.yaml:9:16: removalBudget.within: is missing".to_owned(),
        "p.yaml:9:24: removalBudget.nodes: `110%` is not a number of nodes; write one like 3 or 10%".to_owned(),
    ];
    assert_eq!(told.message, expected.join("\n"));
    assert_eq!(
        told.hints,
        ["`maxHourlyCosts`: did you mean `maxHourlyCost`?"]
    );
    let told = refused(&document(&in_a_spec("enabled: perhaps\nsettle: soon")));
    assert_eq!(
        told.message,
        "p.yaml:7:14: spec.resize.enabled: expected true or false, found the string `perhaps`\n\
         p.yaml:8:13: spec.resize.settle: `soon` is not a duration; write one like 90s, 10m or 1h30m"
    );
}
