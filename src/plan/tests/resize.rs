//! Pools that the resize loop sizes, their ladders, and the loop itself.

use super::*;
use crate::observe::Machine;
use crate::spec::Sizes;

/// Two groups of one pool, with machines in both.
fn ladder() -> App {
    let group = |name: &str, replicas| Group {
        name: name.into(),
        replicas,
    };
    let machine = |name: &str, group: &str| Machine {
        name: name.into(),
        pool: "web".into(),
        group: group.into(),
        ..Machine::default()
    };
    App {
        pools: BTreeMap::from([(
            "web".to_owned(),
            SeenPool {
                replicas: 3,
                sizes: Some(Sizes { min: 1, max: 5 }),
                groups: vec![group("web", 1), group("web-b", 2)],
                machines: 3,
                ready: 3,
            },
        )]),
        machines: vec![
            machine("m1", "web"),
            machine("m2", "web-b"),
            machine("m3", "web-b"),
        ],
        ..App::default()
    }
}

#[test]
fn a_ladder_grows_on_its_first_rung_and_shrinks_where_the_machines_go() {
    let grown = scale(&ladder(), "web", 5, &drain::Removal::default(), false).unwrap();
    assert_eq!(
        text(&grown),
        "0 scale web from 1 to 3 (wanted: 5 workers) after []\n\
         1 wait for 5 workers ready in web (3 ready, 5 wanted) after [0]"
    );
    let removal = drain::Removal {
        machines: vec!["m1".into(), "m3".into()],
        reason: "fewest pods".into(),
        homeless: Vec::new(),
    };
    let shrunk = scale(&ladder(), "web", 1, &removal, false).unwrap();
    assert_eq!(
        text(&shrunk),
        "0 choose m1, m3 to go (fewest pods) after []\n\
         1 scale web from 1 to 0 (wanted: 1 worker) after [0]\n\
         2 scale web-b from 2 to 1 (wanted: 1 worker) after [0]\n\
         3 wait for 1 worker ready in web (3 ready, 1 wanted) after [0 1 2]"
    );
}

#[test]
fn replicas_without_a_machine_go_first_where_they_are_least_wanted() {
    let plan = scale(&ladder(), "web", 2, &drain::Removal::default(), false).unwrap();
    assert!(text(&plan).starts_with("0 scale web-b from 2 to 1"));
}

#[test]
fn a_pool_of_the_resize_loop_stays_within_its_sizes() {
    let error = scale(&ladder(), "web", 6, &drain::Removal::default(), false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the resize loop keeps pool web between 1 and 5 workers"
    );
}

/// A platform whose only pool is the resize loop's.
fn resized() -> Platform {
    let mut platform = platform(None);
    platform.pools[0].sizes = Some(Sizes { min: 2, max: 5 });
    platform
}

#[test]
fn up_never_takes_back_what_the_resize_loop_decided() {
    for (replicas, machines, ready) in [(2, 2, 2), (5, 4, 3), (7, 7, 7)] {
        let mut seen = complete();
        let app = seen.app.as_mut().unwrap();
        app.pools
            .insert("worker-0".into(), pool(replicas, machines, ready));
        let plan = up(&resized(), &wanted(), &seen, &BTreeMap::new()).unwrap();
        assert!(plan.is_empty(), "{}", text(&plan));
    }
}

#[test]
fn up_brings_a_pool_of_the_resize_loop_to_its_minimum() {
    let plan = up(&resized(), &wanted(), &complete(), &BTreeMap::new()).unwrap();
    assert_eq!(
        text(&plan),
        "0 scale worker-0 from 1 to 2 (wanted: 2 workers) after []\n\
         1 wait for 2 workers ready in worker-0 (1 ready, 2 wanted) after [0]\n\
         2 wait until acme is available (its workers change) after [0 1]"
    );
}

#[test]
fn a_new_pool_of_the_resize_loop_has_its_minimum_from_the_start() {
    let plan = up(
        &resized(),
        &wanted(),
        &Observed::default(),
        &BTreeMap::new(),
    )
    .unwrap();
    let text = text(&plan);
    assert!(!text.contains("scale "), "{text}");
    assert!(
        text.contains("wait for 2 workers ready in worker-0"),
        "{text}"
    );
}

fn with_loop(hash: &str) -> Wanted {
    Wanted {
        resize: vec![("Deployment/acme-resize".into(), hash.into())],
        ..wanted()
    }
}

#[test]
fn the_resize_loop_is_installed_and_waited_for() {
    let plan = up(
        &platform(Some(1)),
        &with_loop("h1"),
        &complete(),
        &BTreeMap::new(),
    );
    assert_eq!(
        text(&plan.unwrap()),
        "0 install the resize loop (a pool has a maximum) after []\n\
         1 wait until the resize loop is at work (nobody holds its Lease) after [0]"
    );
}

#[test]
fn a_resize_loop_of_this_very_program_is_left_alone_and_another_one_replaced() {
    let mut seen = complete();
    seen.infra.resize = observe::Resize {
        applied: BTreeMap::from([("Deployment/acme-resize".to_owned(), "h1".to_owned())]),
        runs: true,
        holder: None,
    };
    let plan = |hash| {
        up(
            &platform(Some(1)),
            &with_loop(hash),
            &seen,
            &BTreeMap::new(),
        )
        .unwrap()
    };
    assert!(plan("h1").is_empty());
    assert!(text(&plan("h2")).starts_with("0 install the resize loop"));
}

/// A platform whose loop is installed: (`Kind/name`, hash) of its objects.
fn installed(objects: &[(&str, &str)]) -> Observed {
    let mut seen = complete();
    let applied = objects.iter();
    seen.infra.resize = observe::Resize {
        applied: applied
            .map(|(key, hash)| ((*key).to_owned(), (*hash).to_owned()))
            .collect(),
        runs: true,
        holder: None,
    };
    seen
}

const OBJECTS: [(&str, &str); 3] = [
    ("Role/acme-resize", "r1"),
    ("ConfigMap/acme-resize", "p1"),
    ("Deployment/acme-resize", "d1"),
];

fn wants(objects: [(&str, &str); 3]) -> Wanted {
    let own = |(key, hash): (&str, &str)| (key.to_owned(), hash.to_owned());
    Wanted {
        resize: objects.map(own).to_vec(),
        ..wanted()
    }
}

#[test]
fn another_policy_is_a_step_of_its_own_kind() {
    let mut changed = OBJECTS;
    changed[1].1 = "p2";
    changed[2].1 = "d2";
    let seen = installed(&OBJECTS);
    let plan = up(&platform(Some(1)), &wants(changed), &seen, &BTreeMap::new());
    assert_eq!(
        text(&plan.unwrap()),
        "0 install the resize loop (its policy changes) after []\n\
         1 wait until the resize loop is at work (it begins anew) after [0]"
    );
    let mut newer = OBJECTS;
    newer[2].1 = "d2";
    let plan = up(&platform(Some(1)), &wants(newer), &seen, &BTreeMap::new());
    let told = text(&plan.unwrap());
    assert!(
        told.contains("not as this program would install it"),
        "{told}"
    );
}

#[test]
fn a_loop_that_nobody_wants_is_removed_and_then_nothing_is_left_to_do() {
    let mut platform = platform(Some(1));
    platform.resize.enabled = false;
    let plan = |seen: &Observed| up(&platform, &wants(OBJECTS), seen, &BTreeMap::new()).unwrap();
    assert_eq!(
        text(&plan(&installed(&OBJECTS))),
        "0 remove the resize loop (it is not wanted) after []"
    );
    let half = plan(&installed(&OBJECTS[..1]));
    let Action::RemoveResize { objects } = &half.steps[0].action else {
        panic!("{}", text(&half))
    };
    assert_eq!(*objects, ["Role/acme-resize"]);
    assert!(plan(&complete()).is_empty());
}
