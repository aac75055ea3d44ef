use k8s_openapi::serde::de::DeserializeOwned;
use serde_json::{Value, from_value, json};

use super::*;

fn read<T: DeserializeOwned>(value: Value) -> T {
    from_value(value).unwrap()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let owned = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    owned.collect()
}

#[test]
fn every_operator_judges_a_present_and_an_absent_label() {
    let node = Node {
        labels: labels(&[("disk", "ssd"), ("cores", "8")]),
        ..Node::default()
    };
    let expected: [(&str, &str, &[&str], bool); 17] = [
        ("disk", "In", &["hdd", "ssd"], true),
        ("disk", "In", &["hdd"], false),
        ("zone", "In", &["a"], false),
        ("disk", "NotIn", &["ssd"], false),
        ("disk", "NotIn", &["hdd"], true),
        ("zone", "NotIn", &["a"], true),
        ("disk", "Exists", &[], true),
        ("zone", "Exists", &[], false),
        ("disk", "DoesNotExist", &[], false),
        ("zone", "DoesNotExist", &[], true),
        ("cores", "Gt", &["7"], true),
        ("cores", "Gt", &["8"], false),
        ("cores", "Lt", &["9"], true),
        ("cores", "Lt", &["8"], false),
        ("disk", "Gt", &["1"], false),
        ("zone", "Lt", &["1"], false),
        ("disk", "Like", &["s*"], false),
    ];
    for (key, operator, values, matches) in expected {
        let expression = json!({"key": key, "operator": operator, "values": values});
        let selector = read(json!({"nodeSelectorTerms": [{"matchExpressions": [expression]}]}));
        assert_eq!(
            node_matches(&selector, &node),
            matches,
            "{key} {operator} {values:?}"
        );
    }
}

#[test]
fn of_terms_one_has_to_hold_and_of_requirements_all() {
    let node = Node {
        name: "worker-0".to_owned(),
        labels: labels(&[("disk", "ssd")]),
        ..Node::default()
    };
    let ssd = json!({"key": "disk", "operator": "In", "values": ["ssd"]});
    let zone = json!({"key": "zone", "operator": "Exists"});
    let here = json!({"key": "metadata.name", "operator": "In", "values": ["worker-0"]});
    let there = json!({"key": "metadata.name", "operator": "In", "values": ["worker-1"]});
    let expected = [
        (json!([]), false),
        (json!([{}]), false),
        (json!([{"matchExpressions": [ssd, zone]}]), false),
        (
            json!([{"matchExpressions": [zone]}, {"matchExpressions": [ssd]}]),
            true,
        ),
        (json!([{"matchFields": [here]}]), true),
        (json!([{"matchFields": [there]}]), false),
        (
            json!([{"matchFields": [there], "matchExpressions": [ssd]}]),
            false,
        ),
    ];
    for (terms, matches) in expected {
        let selector = read(json!({"nodeSelectorTerms": terms}));
        assert_eq!(node_matches(&selector, &node), matches, "{terms}");
    }
}

#[test]
fn a_taint_repels_who_does_not_tolerate_it() {
    let taint = read(json!({"key": "gpu", "value": "a100", "effect": "NoSchedule"}));
    let expected = [
        (json!([]), true),
        (json!([{"operator": "Exists"}]), false),
        (json!([{"key": "gpu", "operator": "Exists"}]), false),
        (
            json!([{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}]),
            true,
        ),
        (json!([{"key": "gpu", "value": "a100"}]), false),
        (
            json!([{"key": "gpu", "operator": "Equal", "value": "a100", "effect": "NoSchedule"}]),
            false,
        ),
        (
            json!([{"key": "gpu", "operator": "Equal", "value": "t4"}]),
            true,
        ),
        (json!([{"key": "disk", "operator": "Exists"}]), true),
        (json!([{"operator": "Equal", "value": "a100"}]), true),
        (
            json!([{"key": "gpu", "operator": "Near", "value": "a100"}]),
            true,
        ),
    ];
    for (tolerations, repelled) in expected {
        let tolerations: Vec<Toleration> = read(tolerations);
        assert_eq!(repels(&taint, &tolerations), repelled, "{tolerations:?}");
    }
}

#[test]
fn a_preference_repels_nobody() {
    let effects = [
        ("NoSchedule", true),
        ("NoExecute", true),
        ("PreferNoSchedule", false),
    ];
    for (effect, repelled) in effects {
        let taint = read(json!({"key": "gpu", "effect": effect}));
        assert_eq!(repels(&taint, &[]), repelled, "{effect}");
    }
}

#[test]
fn a_label_selector_needs_all_of_its_parts() {
    let pod = labels(&[("app", "web"), ("tier", "front")]);
    let expected = [
        (json!({}), true),
        (json!({"matchLabels": {"app": "web"}}), true),
        (
            json!({"matchLabels": {"app": "web", "tier": "back"}}),
            false,
        ),
        (
            json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}),
            true,
        ),
        (
            json!({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "canary", "operator": "Exists"}]}),
            false,
        ),
    ];
    for (selector, matches) in expected {
        assert_eq!(
            labels_match(&read(selector.clone()), &pod),
            matches,
            "{selector}"
        );
    }
}

#[test]
fn an_affinity_term_speaks_of_its_own_namespace_unless_it_names_others() {
    let pod = Pod {
        namespace: "shop".to_owned(),
        labels: labels(&[("app", "web")]),
        ..Pod::default()
    };
    let web = json!({"matchLabels": {"app": "web"}});
    let term = |extra: Value| {
        let mut term = json!({"topologyKey": "host", "labelSelector": web});
        term.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        read::<PodAffinityTerm>(term)
    };
    let expected = [
        (json!({}), "shop", true),
        (json!({}), "bank", false),
        (json!({"namespaces": ["shop"]}), "bank", true),
        (json!({"namespaces": ["bank"]}), "shop", false),
        (json!({"namespaceSelector": {}}), "bank", true),
        (json!({"labelSelector": null}), "shop", false),
        (
            json!({"labelSelector": {"matchLabels": {"app": "db"}}}),
            "shop",
            false,
        ),
    ];
    for (extra, namespace, covers) in expected {
        let covered = term_covers(&term(extra.clone()), namespace, &pod);
        assert_eq!(covered, covers, "{extra} in {namespace}");
    }
}
