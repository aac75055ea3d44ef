//! The smallest cluster that still shows something.

use serde_json::Value;

/// Leaves out objects, and fields of the pods, as long as `shows` holds.
pub(crate) fn smallest(mut cluster: Value, mut shows: impl FnMut(&Value) -> bool) -> Value {
    loop {
        let before = cluster.to_string().len();
        for path in paths(&cluster) {
            let mut smaller = cluster.clone();
            if remove(&mut smaller, &path) && shows(&smaller) {
                cluster = smaller;
            }
        }
        if cluster.to_string().len() == before {
            return cluster;
        }
    }
}

/// Places of what can be left out: the last first, so that those before keep theirs.
fn paths(cluster: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for (list, objects) in cluster.as_object().into_iter().flatten() {
        for (index, object) in objects.as_array().into_iter().flatten().enumerate() {
            if list != "pending" {
                paths.push(format!("/{list}/{index}"));
            }
            for part in [
                "metadata/labels",
                "spec",
                "spec/affinity",
                "status/allocatable",
            ] {
                let fields = object.pointer(&format!("/{part}"));
                let fields = fields.and_then(Value::as_object).into_iter().flatten();
                let fields =
                    fields.filter(|(key, _)| !["containers", "nodeName"].contains(&key.as_str()));
                paths.extend(fields.map(|(key, _)| {
                    format!(
                        "/{list}/{index}/{part}/{}",
                        key.replace('~', "~0").replace('/', "~1")
                    )
                }));
            }
        }
    }
    paths.reverse();
    paths
}

fn remove(cluster: &mut Value, path: &str) -> bool {
    let Some((parent, last)) = path.rsplit_once('/') else {
        return false;
    };
    let last = last.replace("~1", "/").replace("~0", "~");
    match cluster.pointer_mut(parent) {
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        Some(Value::Object(fields)) => fields.remove(&last).is_some(),
        _ => false,
    }
}
