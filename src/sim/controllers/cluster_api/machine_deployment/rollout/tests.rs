use serde_json::json;

use super::*;
use crate::sim::random::Random;

fn rollout(replicas: usize, max_surge: usize, max_unavailable: usize) -> Rollout {
    Rollout {
        replicas,
        max_surge,
        max_unavailable,
        on_delete: false,
    }
}

fn set(wanted: usize, actual: usize, available: usize) -> Counts {
    Counts {
        wanted,
        actual,
        available,
    }
}

/// A rollout turn by turn: machines come and become available at random, machines that go are gone at random.
fn play(
    rollout: Rollout,
    mut current: Counts,
    mut old: Vec<Counts>,
    random: &mut Random,
) -> Vec<Counts> {
    for _ in 0..1000 {
        let targets = rollout.plan(&current, &old);
        current.wanted = targets.current;
        for (set, target) in old.iter_mut().zip(&targets.old) {
            assert!(
                *target <= set.wanted,
                "an old set grows: {set:?} to {target}"
            );
            set.wanted = *target;
        }
        let machines: usize = old
            .iter()
            .chain([&current])
            .map(|set| set.actual.max(set.wanted))
            .sum();
        assert!(
            machines <= rollout.replicas + rollout.max_surge,
            "{machines} machines: {current:?} {old:?}"
        );
        for set in old.iter_mut().chain([&mut current]) {
            step(set, random);
        }
        let available: usize = old.iter().chain([&current]).map(|set| set.available).sum();
        assert!(
            available >= rollout.least_available(),
            "{available} available: {current:?} {old:?}"
        );
    }
    old.push(current);
    old
}

fn step(set: &mut Counts, random: &mut Random) {
    if set.actual > set.wanted && random.chance(50) {
        set.actual -= 1;
    } else if set.actual < set.wanted && random.chance(50) {
        set.actual += 1;
    } else if set.available < set.actual && random.chance(50) {
        set.available += 1;
    }
    // What goes is never counted as available.
    set.available = set.available.min(set.wanted).min(set.actual);
}

#[test]
fn a_rolling_update_ends_with_the_new_set_alone_and_keeps_its_promises_at_every_turn() {
    for seed in 0..200 {
        let mut random = Random::new(seed, &["rollout"]);
        let size = |random: &mut Random, most| usize::try_from(random.between(0, most)).unwrap();
        let replicas = size(&mut random, 10);
        let max_surge = size(&mut random, 3);
        let max_unavailable = size(&mut random, 3).min(replicas);
        if max_surge + max_unavailable == 0 {
            continue;
        }
        let old = set(replicas, replicas, replicas);
        let end = play(
            rollout(replicas, max_surge, max_unavailable),
            Counts::default(),
            vec![old],
            &mut random,
        );
        assert_eq!(
            end,
            [Counts::default(), set(replicas, replicas, replicas)],
            "seed {seed}"
        );
    }
}

#[test]
fn without_unavailable_machines_an_old_one_goes_only_when_a_new_one_is_available() {
    let rollout = rollout(2, 1, 0);
    let old = [set(2, 2, 2)];
    let targets = |current: Counts| rollout.plan(&current, &old);
    assert_eq!(
        targets(set(0, 0, 0)),
        Targets {
            current: 1,
            old: vec![2]
        }
    );
    assert_eq!(
        targets(set(1, 1, 0)),
        Targets {
            current: 1,
            old: vec![2]
        }
    );
    assert_eq!(
        targets(set(1, 1, 1)),
        Targets {
            current: 1,
            old: vec![1]
        }
    );
}

#[test]
fn old_machines_that_are_not_available_go_first() {
    let rollout = rollout(3, 1, 0);
    let old = [set(2, 2, 2), set(1, 1, 0)];
    assert_eq!(rollout.plan(&set(1, 1, 1), &old).old, [2, 0]);
}

#[test]
fn a_machine_that_never_becomes_available_does_not_hold_up_a_rollout_for_ever() {
    let rollout = rollout(3, 1, 0);
    let old = [set(2, 2, 1)];
    assert_eq!(rollout.plan(&set(2, 2, 2), &old).old, [1]);
}

#[test]
fn on_delete_replaces_only_what_somebody_has_deleted() {
    let rollout = Rollout {
        on_delete: true,
        ..rollout(3, 0, 0)
    };
    let none = Counts::default();
    assert_eq!(
        rollout.plan(&none, &[set(3, 3, 3)]),
        Targets {
            current: 0,
            old: vec![3]
        }
    );
    assert_eq!(
        rollout.plan(&none, &[set(3, 2, 2)]),
        Targets {
            current: 0,
            old: vec![2]
        }
    );
    assert_eq!(
        rollout.plan(&none, &[set(2, 2, 2)]),
        Targets {
            current: 1,
            old: vec![2]
        }
    );
}

#[test]
fn a_smaller_pool_takes_from_the_old_set_when_there_is_a_new_one() {
    let rollout = Rollout {
        on_delete: true,
        ..rollout(2, 0, 0)
    };
    assert_eq!(
        rollout.plan(&set(1, 1, 1), &[set(2, 2, 2)]),
        Targets {
            current: 1,
            old: vec![1]
        }
    );
}

#[test]
fn percentages_are_rounded_up_for_the_surge_and_down_for_the_unavailable() {
    let deployment = json!({"spec": {"replicas": 5, "rollout": {"strategy": {
        "type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}}}});
    assert_eq!(Rollout::of(&deployment), rollout(5, 2, 1));
}
