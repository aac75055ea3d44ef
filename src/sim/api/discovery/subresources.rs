//! What can be asked of a resource besides its objects.

use crate::sim::resources::Resource;

pub(super) struct Subresource<'a> {
    pub name: &'static str,
    pub kind: &'a str,
    /// Of the kind, if it is not the resource's own.
    pub group_version: Option<(&'static str, &'static str)>,
    pub verbs: &'static [&'static str],
}

const GET_AND_CHANGE: &[&str] = &["get", "patch", "update"];

/// By name.
pub(super) fn subresources(resource: &Resource) -> Vec<Subresource<'_>> {
    let served = &resource.subresources;
    let own = |name, verbs| Subresource {
        name,
        kind: &resource.kind,
        group_version: None,
        verbs,
    };
    let binding = Subresource {
        kind: "Binding",
        ..own("binding", &["create"])
    };
    let eviction = Subresource {
        kind: "Eviction",
        group_version: Some(("policy", "v1")),
        ..own("eviction", &["create"])
    };
    let scale = Subresource {
        kind: "Scale",
        group_version: Some(("autoscaling", "v1")),
        ..own("scale", GET_AND_CHANGE)
    };
    let status = (served.status, own("status", GET_AND_CHANGE));
    let mut all = vec![
        (served.binding, binding),
        (served.eviction, eviction),
        (served.finalize, own("finalize", &["update"])),
        (served.scale.is_some(), scale),
    ];
    // Defined kinds are listed in the order in which the real server looks at them.
    let place = if resource.custom { 0 } else { all.len() };
    all.insert(place, status);
    all.into_iter()
        .filter_map(|(is_served, subresource)| is_served.then_some(subresource))
        .collect()
}
