//! Kubeconfigs: built from the clusters' own, written atomically with mode 0600, merged only when asked.

pub mod file;
pub mod merge;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// A kubeconfig document. Generic, so that nothing that we do not know of is lost from a user's file; keys come out
/// sorted, as kubectl writes them.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubeconfig(Value);

/// The lists of a kubeconfig whose entries a context ties together.
const LISTS: [&str; 3] = ["clusters", "contexts", "users"];

/// One cluster as it is to be reached from here.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// Name of the context, and of the cluster and user entries.
    pub context: &'a str,
    /// The cluster's own `admin.conf`: its certificates are taken over.
    pub admin: &'a str,
    /// `https://127.0.0.1:<port>`, whose host must be in the API server's certificate; as in `admin` if there is none.
    pub server: Option<&'a str>,
}

/// One kubeconfig with a context for each cluster; the first is the current one.
pub fn combine(clusters: &[Access<'_>]) -> Result<Kubeconfig> {
    let mut combined = Kubeconfig::empty();
    for access in clusters {
        let (cluster, user) = credentials(access.admin)
            .with_context(|| format!("reading the admin kubeconfig of {}", access.context))?;
        let name = access.context;
        let mut cluster = cluster;
        if let Some(server) = access.server {
            cluster["server"] = server.into();
        }
        let context = json!({"cluster": name, "user": name});
        combined.push("clusters", json!({"name": name, "cluster": cluster}));
        combined.push("users", json!({"name": name, "user": user}));
        combined.push("contexts", json!({"name": name, "context": context}));
    }
    if let Some(first) = clusters.first() {
        combined.set_current(first.context);
    }
    Ok(combined)
}

/// The cluster and the user of the current context.
fn credentials(admin: &str) -> Result<(Value, Value)> {
    let admin = Kubeconfig::parse(admin)?;
    let current = admin.current().context("it has no current context")?;
    let context = admin
        .entry("contexts", current)
        .context("its current context is missing")?;
    let of = |list: &str, field: &str| -> Result<Value> {
        let name = context["context"][field].as_str().unwrap_or_default();
        let entry = admin
            .entry(list, name)
            .with_context(|| format!("its {field} {name} is missing"))?;
        Ok(entry[field].clone())
    };
    let (cluster, user) = (of("clusters", "cluster")?, of("users", "user")?);
    if !cluster.is_object() || !user.is_object() {
        bail!("its current context has no cluster or no user");
    }
    Ok((cluster, user))
}

impl Kubeconfig {
    fn empty() -> Self {
        Self(
            json!({"apiVersion": "v1", "kind": "Config", "clusters": [], "contexts": [], "users": []}),
        )
    }

    /// Parses YAML or JSON; empty text is an empty kubeconfig. Errors never quote the text, which holds keys.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::empty());
        }
        let options = serde_saphyr::options! { with_snippet: false };
        let mut value: Value = serde_saphyr::from_str_with_options(text, options)?;
        let Some(object) = value.as_object_mut() else {
            bail!("it is not a kubeconfig: the document is no mapping");
        };
        for list in LISTS {
            let entries = object.entry(list).or_insert_with(|| json!([]));
            if entries.is_null() {
                *entries = json!([]);
            }
            if !entries.is_array() {
                bail!("it is not a kubeconfig: `{list}` is no list");
            }
        }
        Ok(Self(value))
    }

    pub fn to_yaml(&self) -> Result<String> {
        serde_saphyr::to_string(&self.0).context("writing a kubeconfig as YAML")
    }

    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// Names of the contexts, in order.
    pub fn contexts(&self) -> Vec<&str> {
        self.list("contexts").iter().filter_map(name).collect()
    }

    pub fn current(&self) -> Option<&str> {
        self.0["current-context"]
            .as_str()
            .filter(|name| !name.is_empty())
    }

    /// Only the context of that name, which becomes the current one.
    #[must_use]
    pub fn only(&self, context: &str) -> Self {
        let mut only = self.clone();
        for list in LISTS {
            only.list_mut(list)
                .retain(|entry| name(entry) == Some(context));
        }
        only.set_current(context);
        only
    }

    /// Where `context` leads to.
    pub fn server(&self, context: &str) -> Option<&str> {
        self.entry("clusters", context)?["cluster"]["server"].as_str()
    }

    fn entry(&self, list: &str, wanted: &str) -> Option<&Value> {
        self.list(list)
            .iter()
            .find(|entry| name(entry) == Some(wanted))
    }

    fn list(&self, list: &str) -> &[Value] {
        self.0[list].as_array().map_or(&[], Vec::as_slice)
    }

    fn list_mut(&mut self, list: &str) -> &mut Vec<Value> {
        match &mut self.0[list] {
            Value::Array(entries) => entries,
            _ => unreachable!("every constructor makes `{list}` a list"),
        }
    }

    fn push(&mut self, list: &str, entry: Value) {
        self.list_mut(list).push(entry);
    }

    fn set_current(&mut self, context: &str) {
        self.0["current-context"] = context.into();
    }
}

fn name(entry: &Value) -> Option<&str> {
    entry["name"].as_str()
}
