use std::collections::BTreeSet;

use super::{checks, rules};
use crate::sim::resources;

/// Words of the table that come after a rule's name.
fn used(rule: &str) -> BTreeSet<&'static str> {
    let lines = include_str!("rules.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            (words.next()? == rule).then(|| words.next())?
        })
        .collect()
}

#[test]
fn every_built_in_kind_says_how_its_objects_are_named() {
    for resource in resources::built_in() {
        let (api_version, kind) = (resource.api_version(), &resource.kind);
        let naming = rules::naming(&api_version, kind);
        assert!(naming.is_some(), "{api_version} {kind}");
    }
}

#[test]
fn every_check_is_named_by_a_rule() {
    let known: BTreeSet<&str> = checks::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(known, used("check"));
}

#[test]
fn every_part_that_is_used_exists() {
    let text = include_str!("rules.txt");
    for part in used("use") {
        assert!(text.contains(&format!("\n[{part}]\n")), "{part}");
    }
}
