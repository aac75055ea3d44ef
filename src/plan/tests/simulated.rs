//! Plans of platforms on the embedded Kubernetes.

use super::*;

fn simulated() -> Platform {
    Platform {
        substrate: Substrate::Sim,
        ..platform(None)
    }
}

#[test]
fn a_simulated_platform_needs_a_process_and_objects() {
    let wanted = Wanted {
        objects: wanted().objects,
        ..Wanted::default()
    };
    let plan = up(
        &simulated(),
        &wanted,
        &Observed::default(),
        &BTreeMap::new(),
    )
    .unwrap();
    assert_eq!(
        text(&plan),
        "0 start the embedded Kubernetes (there is none) after []\n\
         1 apply Cluster/acme (0 of 1 objects are as the spec wants them) after [0]\n\
         2 wait for the control plane of acme (its API server does not answer) after [0 1]\n\
         3 wait until acme is available (it is not Available) after [1 2]\n\
         4 write kubeconfig (the one on disk is absent or out of date) after [2]\n\
         5 wait for 1 worker ready in worker-0 (0 ready, 1 wanted) after [1 2]"
    );
}

#[test]
fn a_simulated_platform_goes_with_its_process() {
    let plan = down(&simulated(), &complete()).unwrap();
    assert_eq!(
        text(&plan),
        "0 stop the embedded Kubernetes and remove its state (it holds both clusters) after []"
    );
    assert!(down(&simulated(), &Observed::default()).unwrap().is_empty());
}
