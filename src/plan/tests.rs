//! Plans as text, turn by turn: what is there, what is missing, and why.

mod resize;
mod simulated;

use std::collections::BTreeMap;

use super::*;
use crate::catalog::{Catalog, Component, Images};
use crate::names::Names;
use crate::observe::{self, App, Group, Infra, Installed, Instance, Observed, Pool as SeenPool};
use crate::spec::{self, Network, Platform, Pool, Substrate};

fn platform(replicas: Option<u32>) -> Platform {
    Platform {
        names: Names::new("acme"),
        substrate: Substrate::Local,
        catalog: Catalog {
            kubernetes: "v1.34.4".into(),
            images: Images {
                node: "node:1".into(),
                load_balancer: "lb:1".into(),
                infra_node: None,
                smoke: None,
            },
            components: Vec::new(),
        },
        network: Network {
            pods: "10.244.0.0/16".into(),
            services: "10.96.0.0/16".into(),
        },
        control_plane_replicas: 1,
        resize: spec::Resize::default(),
        pools: vec![Pool {
            name: "worker-0".into(),
            replicas,
            sizes: None,
            rungs: Vec::new(),
        }],
    }
}

fn wanted() -> Wanted {
    Wanted {
        images: ["lb:1".to_owned(), "node:1".to_owned()].into(),
        objects: vec![("Cluster/acme".into(), "h1".into())],
        components: vec![cert_manager()],
        resize: Vec::new(),
    }
}

fn cert_manager() -> Component {
    Component {
        name: "cert-manager".into(),
        version: "v1".into(),
        manifest: "./cert-manager.yaml".into(),
        metadata: None,
        sha256: Some("s1".into()),
    }
}

fn running(ours: bool) -> Instance {
    Instance {
        running: true,
        state: "running".into(),
        ours,
    }
}

/// Everything as `platform(Some(1))` wants it.
fn complete() -> Observed {
    Observed {
        images: wanted().images,
        infra: Infra {
            node: Some(running(true)),
            api: true,
            networking: true,
            components: BTreeMap::from([("cert-manager".to_owned(), installed("s1"))]),
            resize: observe::Resize::default(),
        },
        app: Some(App {
            applied: BTreeMap::from([("Cluster/acme".to_owned(), "h1".to_owned())]),
            initialized: true,
            available: true,
            networking: true,
            pools: BTreeMap::from([("worker-0".to_owned(), pool(1, 1, 1))]),
            ..App::default()
        }),
        containers: BTreeMap::from([("acme-lb".to_owned(), running(true))]),
        network: true,
        kubeconfig: true,
    }
}

/// The only pool, with so many replicas, machines and Ready nodes.
fn pool(replicas: u32, machines: u32, ready: u32) -> SeenPool {
    SeenPool {
        replicas,
        sizes: None,
        groups: vec![Group {
            name: "worker-0".into(),
            replicas,
        }],
        machines,
        ready,
    }
}

fn installed(sha256: &str) -> Installed {
    Installed {
        version: "v1".into(),
        sha256: sha256.into(),
        ready: true,
        standby: false,
    }
}

fn text(plan: &Plan) -> String {
    let lines = plan.steps.iter().enumerate().map(|(index, step)| {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        format!(
            "{index} {} ({}) after [{}]",
            step.action,
            step.reason,
            after.join(" ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_empty_machine_needs_every_step_in_order() {
    let plan = up(
        &platform(None),
        &wanted(),
        &Observed::default(),
        &BTreeMap::new(),
    )
    .unwrap();
    insta::assert_snapshot!(text(&plan));
}

#[test]
fn a_complete_platform_needs_nothing() {
    assert_eq!(
        up(&platform(Some(1)), &wanted(), &complete(), &BTreeMap::new()).unwrap(),
        Plan::default()
    );
}

#[test]
fn a_pool_that_the_spec_leaves_open_keeps_the_size_that_scale_gave_it() {
    let mut seen = complete();
    seen.app
        .as_mut()
        .unwrap()
        .pools
        .insert("worker-0".into(), pool(3, 3, 3));
    assert!(
        up(&platform(None), &wanted(), &seen, &BTreeMap::new())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_lost_worker_is_waited_for() {
    let mut seen = complete();
    seen.app
        .as_mut()
        .unwrap()
        .pools
        .insert("worker-0".into(), pool(1, 1, 0));
    let plan = up(&platform(None), &wanted(), &seen, &BTreeMap::new()).unwrap();
    assert_eq!(
        text(&plan),
        "0 wait for 1 worker ready in worker-0 (0 ready, 1 wanted) after []\n\
         1 wait until acme is available (its workers change) after [0]"
    );
}

#[test]
fn a_changed_manifest_is_applied_and_nothing_else() {
    let mut wanted = wanted();
    wanted.objects[0].1 = "h2".into();
    let plan = up(&platform(Some(1)), &wanted, &complete(), &BTreeMap::new()).unwrap();
    assert_eq!(
        text(&plan),
        "0 apply Cluster/acme (0 of 1 objects are as the spec wants them) after []"
    );
}

#[test]
fn standbys_that_an_interrupted_run_left_go_and_their_leaders_stay() {
    let mut seen = complete();
    let component = seen.infra.components.get_mut("cert-manager");
    component.unwrap().standby = true;
    let plan = up(&platform(Some(1)), &wanted(), &seen, &BTreeMap::new()).unwrap();
    insta::assert_snapshot!(
        text(&plan),
        @"0 drop standbys of Cluster API's controllers (they are left of a bring-up that was interrupted) after []"
    );
}

#[test]
fn a_stopped_worker_container_is_started_again() {
    let mut seen = complete();
    let stopped = Instance {
        running: false,
        state: "exited".into(),
        ours: true,
    };
    seen.containers.insert("acme-worker-0-x".into(), stopped);
    let plan = up(&platform(Some(1)), &wanted(), &seen, &BTreeMap::new()).unwrap();
    assert!(text(&plan).starts_with("0 start container acme-worker-0-x (it is exited) after []"));
}

#[test]
fn up_refuses_an_infra_node_that_is_not_ours() {
    let mut seen = Observed::default();
    seen.infra.node = Some(running(false));
    let error = up(&platform(None), &wanted(), &seen, &BTreeMap::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "container acme-mgmt-control-plane exists (running) and is not ours"
    );
}

#[test]
fn up_refuses_a_cluster_of_that_name_that_somebody_else_made() {
    let mut seen = Observed::default();
    seen.containers
        .insert("acme-control-plane".into(), running(false));
    let error = up(&platform(None), &wanted(), &seen, &BTreeMap::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a cluster named acme exists and no infra cluster of ours made it: acme-control-plane"
    );
}

#[test]
fn up_refuses_a_cluster_that_is_being_deleted() {
    let mut seen = complete();
    seen.app.as_mut().unwrap().deleting = true;
    assert!(up(&platform(None), &wanted(), &seen, &BTreeMap::new()).is_err());
}

#[test]
fn down_deletes_the_cluster_first_and_the_infra_node_last() {
    let plan = down(&platform(None), &complete()).unwrap();
    insta::assert_snapshot!(text(&plan));
}

#[test]
fn down_removes_containers_itself_when_no_cluster_object_is_there_to_do_it() {
    let mut seen = complete();
    seen.app = None;
    seen.network = false;
    let plan = down(&platform(None), &seen).unwrap();
    assert_eq!(
        text(&plan),
        "0 remove acme-lb (no Cluster API is there to remove them) after []\n\
         1 remove infra node acme-mgmt-control-plane (it owns the platform and goes last) after [0]"
    );
}

#[test]
fn down_never_plans_for_containers_that_are_not_ours() {
    let mut seen = Observed::default();
    seen.containers.insert("acme-worker".into(), running(false));
    assert!(down(&platform(None), &seen).unwrap().is_empty());
}

#[test]
fn scaling_marks_the_machines_that_go_before_the_count_is_lowered() {
    let app = complete().app.unwrap();
    let removal = drain::Removal {
        machines: vec!["m1".into()],
        reason: "fewest pods".into(),
        homeless: Vec::new(),
    };
    let plan = scale(&app, "worker-0", 0, &removal, false).unwrap();
    insta::assert_snapshot!(text(&plan));
}

#[test]
fn scaling_refuses_to_make_pods_homeless_unless_forced() {
    let app = complete().app.unwrap();
    let removal = drain::Removal {
        machines: vec!["m1".into()],
        reason: "fewest pods".into(),
        homeless: vec![drain::Homeless {
            pod: "default/db-0".into(),
            why: "needs 2 CPU".into(),
        }],
    };
    let error = scale(&app, "worker-0", 0, &removal, false).unwrap_err();
    assert!(error.to_string().ends_with("default/db-0: needs 2 CPU"));
    assert!(scale(&app, "worker-0", 0, &removal, true).is_ok());
}

#[test]
fn scaling_to_the_size_that_is_there_needs_nothing() {
    let app = complete().app.unwrap();
    assert!(
        scale(&app, "worker-0", 1, &drain::Removal::default(), false)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn an_unknown_pool_is_answered_with_those_that_exist() {
    let app = complete().app.unwrap();
    let error = scale(&app, "gpu", 1, &drain::Removal::default(), false).unwrap_err();
    assert_eq!(error.to_string(), "no pool named gpu");
}

#[test]
fn a_relative_size_never_goes_below_nothing() {
    assert_eq!(Resize::By(2).target(1).unwrap(), 3);
    assert_eq!(Resize::To(0).target(5).unwrap(), 0);
    assert!(Resize::By(-2).target(1).is_err());
}

#[test]
fn a_pool_that_the_spec_wants_larger_is_scaled_after_the_control_plane_is_there() {
    let plan = up(
        &platform(Some(3)),
        &wanted(),
        &Observed::default(),
        &BTreeMap::new(),
    )
    .unwrap();
    let text = text(&plan);
    assert!(
        text.contains("scale worker-0 from 1 to 3 (wanted: 3 workers)"),
        "{text}"
    );
    assert!(
        text.ends_with(
            "wait for 3 workers ready in worker-0 (0 ready, 3 wanted) after [6 12 13 16]"
        ),
        "{text}"
    );
}

#[test]
fn a_pool_that_the_spec_wants_smaller_loses_the_machines_that_can_go() {
    let (platform, mut seen) = (platform(Some(1)), complete());
    seen.app
        .as_mut()
        .unwrap()
        .pools
        .insert("worker-0".into(), pool(2, 2, 2));
    assert_eq!(shrinking(&platform, &seen), [("worker-0", 1)]);
    let removal = drain::Removal {
        machines: vec!["m1".into()],
        ..drain::Removal::default()
    };
    let removals = BTreeMap::from([("worker-0".to_owned(), removal)]);
    let plan = up(&platform, &wanted(), &seen, &removals).unwrap();
    assert!(text(&plan).starts_with("0 choose m1 to go"));
}
