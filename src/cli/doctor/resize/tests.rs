use std::collections::BTreeMap;

use super::*;
use crate::catalog::Catalog;
use crate::observe::{self, App, Pool};
use crate::resize::decision::Held;
use crate::spec::{self, Sizes};
use crate::substrate::local::preflight::Severity;

fn platform() -> Platform {
    let catalog = Catalog::builtin().unwrap();
    spec::default(Substrate::Local, "acme", None, &catalog).unwrap()
}

/// A platform with a pool that the loop sizes.
fn seen(installed: bool, holder: Option<&str>, runs: bool) -> Observed {
    let pool = Pool {
        sizes: Some(Sizes { min: 1, max: 3 }),
        ..Pool::default()
    };
    let mut seen = Observed {
        app: Some(App {
            pools: BTreeMap::from([("web".to_owned(), pool)]),
            ..App::default()
        }),
        ..Observed::default()
    };
    let object = ("Deployment/acme-resize".to_owned(), "h".to_owned());
    seen.infra.resize = observe::Resize {
        applied: installed.then_some(object).into_iter().collect(),
        runs,
        holder: holder.map(ToOwned::to_owned),
    };
    seen
}

fn judged(seen: &Observed) -> (Severity, String, String) {
    let found = judge(seen, &platform()).unwrap();
    (found.severity, found.what, found.fix.unwrap_or_default())
}

#[test]
fn a_loop_at_work_is_well() {
    let (severity, what, _) = judged(&seen(true, Some("pod-1"), true));
    assert_eq!((severity, what.as_str()), (Severity::Ok, "pod-1 resizes"));
}

#[test]
fn a_loop_that_does_not_renew_its_lease_is_told_with_the_way_to_its_log() {
    for (holder, expected) in [
        (Some("pod-1"), "pod-1 does not renew"),
        (None, "nobody holds"),
    ] {
        let (severity, what, fix) = judged(&seen(true, holder, false));
        assert_eq!(severity, Severity::Warning);
        assert!(what.contains(expected), "{what}");
        assert_eq!(
            fix,
            "kubectl --context acme-mgmt --namespace bex-infra-system logs deployment/acme-resize"
        );
    }
}

#[test]
fn a_loop_that_is_missing_is_told_only_where_a_pool_wants_it() {
    let (severity, what, _) = judged(&seen(false, None, false));
    assert_eq!(severity, Severity::Warning);
    assert!(what.contains("no resize loop is installed"), "{what}");
    assert_eq!(judge(&Observed::default(), &platform()), None);
}

#[test]
fn what_holds_everything_back_is_told() {
    let hold = |group: &str, why: &str| Held {
        group: group.into(),
        why: why.into(),
    };
    let decision = Decision {
        held: vec![
            hold("bex-web", "it is paused"),
            hold("all", "5 of 9 nodes are not Ready"),
        ],
        ..Decision::default()
    };
    let found = held(&decision, &platform());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].what, "5 of 9 nodes are not Ready");
}
