//! Our entries in a user's kubeconfig. Pure.
//!
//! Every entry that is merged carries our mark as a kubeconfig extension. What lacks the mark is never changed
//! unless forced, and never removed.

use serde_json::{Value, json};

use super::{Kubeconfig, LISTS, name};
use crate::failure::Failure;
use crate::names::PLATFORM_LABEL;

/// `theirs` with the entries of `ours`, marked as those of `platform`.
///
/// Entries of the same name are replaced if they are ours already or lead to the same cluster; any other is refused
/// unless `force`. The current context stays as it is, unless there was none.
pub fn merged(
    theirs: &Kubeconfig,
    ours: &Kubeconfig,
    platform: &str,
    force: bool,
) -> Result<Kubeconfig, Failure> {
    if !force {
        refuse_foreign(theirs, ours, platform)?;
    }
    let mut result = theirs.clone();
    for list in LISTS {
        for entry in ours.list(list) {
            put(result.list_mut(list), marked(entry, list, platform));
        }
    }
    if result.current().is_none()
        && let Some(current) = ours.current()
    {
        result.set_current(current);
    }
    Ok(result)
}

/// `theirs` without those entries of `ours` that were merged for `platform` and still lead to the same cluster.
pub fn unmerged(theirs: &Kubeconfig, ours: &Kubeconfig, platform: &str) -> Kubeconfig {
    let mut result = theirs.clone();
    for context in ours.contexts() {
        if !is_marked(theirs.entry("clusters", context), "clusters", platform)
            || !same_cluster(theirs, ours, context)
        {
            continue;
        }
        for list in LISTS {
            result.list_mut(list).retain(|entry| {
                name(entry) != Some(context) || !is_marked(Some(entry), list, platform)
            });
        }
    }
    if let Some(current) = result.current().map(str::to_owned)
        && ours.contexts().contains(&current.as_str())
        && result.entry("contexts", &current).is_none()
    {
        result.set_current("");
    }
    result
}

fn refuse_foreign(theirs: &Kubeconfig, ours: &Kubeconfig, platform: &str) -> Result<(), Failure> {
    for context in ours.contexts() {
        if same_cluster(theirs, ours, context) {
            continue;
        }
        for list in LISTS {
            let entry = theirs.entry(list, context);
            if entry.is_some() && !is_marked(entry, list, platform) {
                let leads = theirs
                    .server(context)
                    .map_or_else(String::new, |server| format!(" ({server})"));
                return Err(Failure::refused(format!(
                    "`{list}` already has an entry {context} that leads elsewhere{leads}; nothing was touched"
                ))
                .hint("rename that entry: kubectl config rename-context")
                .hint("--force replaces it"));
            }
        }
    }
    Ok(())
}

/// Both entries trust the same certificate authority. The address says nothing: it changes with the port.
fn same_cluster(theirs: &Kubeconfig, ours: &Kubeconfig, context: &str) -> bool {
    let authority = |config: &Kubeconfig| {
        let entry = config.entry("clusters", context)?;
        entry["cluster"]["certificate-authority-data"]
            .as_str()
            .map(str::to_owned)
    };
    let ours = authority(ours);
    ours.is_some() && ours == authority(theirs)
}

fn put(entries: &mut Vec<Value>, new: Value) {
    match entries.iter_mut().find(|entry| name(entry) == name(&new)) {
        Some(entry) => *entry = new,
        None => entries.push(new),
    }
}

fn marked(entry: &Value, list: &str, platform: &str) -> Value {
    let mut entry = entry.clone();
    let mark = json!({"name": PLATFORM_LABEL, "extension": {"platform": platform}});
    entry[body(list)]["extensions"] = json!([mark]);
    entry
}

fn is_marked(entry: Option<&Value>, list: &str, platform: &str) -> bool {
    let extensions = entry.and_then(|entry| entry[body(list)]["extensions"].as_array());
    extensions.is_some_and(|extensions| {
        extensions.iter().any(|mark| {
            name(mark) == Some(PLATFORM_LABEL) && mark["extension"]["platform"] == platform
        })
    })
}

/// The key under which an entry of `list` keeps its content.
fn body(list: &str) -> &str {
    list.strip_suffix('s').unwrap_or(list)
}
