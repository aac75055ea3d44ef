//! Nodes, as far as scheduling looks at them.

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1 as core;

use super::labels::{Labels, Requirement};
use super::resources::{self, Resources};

/// Followed by a CSI driver: the resource of a node that says how many volumes the driver attaches. It counts only where
/// no `CSINode` is known.
pub const ATTACHABLE: &str = "attachable-volumes-csi-";

/// The effect of a taint that keeps no pod away, but makes a node less liked.
pub const PREFER_NO_SCHEDULE: &str = "PreferNoSchedule";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub labels: Labels,
    pub taints: Vec<Taint>,
    pub unschedulable: bool,
    pub allocatable: Resources,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taint {
    pub key: String,
    pub value: String,
    pub effect: String,
}

/// Terms of which one has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct NodeTerms(pub Vec<NodeTerm>);

/// Requirements that all have to hold; a term without any holds nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct NodeTerm {
    pub labels: Vec<Requirement>,
    /// The only field there is: `metadata.name`.
    pub fields: Vec<Requirement>,
}

impl Node {
    pub fn of(node: &core::Node) -> Result<Self> {
        let name = node.metadata.name.clone().unwrap_or_default();
        let spec = node.spec.as_ref();
        let status = node.status.as_ref();
        let allocatable = resources::allocatable(status.and_then(|s| s.allocatable.as_ref()))
            .with_context(|| format!("reading what node {name} can allocate"))?;
        let taints = spec.and_then(|spec| spec.taints.as_ref());
        Ok(Self {
            labels: node.metadata.labels.clone().unwrap_or_default(),
            taints: taints.into_iter().flatten().map(Taint::of).collect(),
            unschedulable: spec.is_some_and(|spec| spec.unschedulable == Some(true)),
            allocatable,
            name,
        })
    }

    /// The same as the API has it after `kubectl cordon`, the taint included that follows.
    #[must_use]
    pub fn cordoned(&self) -> Self {
        let mut node = self.clone();
        node.unschedulable = true;
        let taint = Taint::unschedulable();
        if !node.taints.contains(&taint) {
            node.taints.push(taint);
        }
        node
    }
}

impl Taint {
    /// Pods go elsewhere if they can.
    pub fn soft(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: String::new(),
            effect: PREFER_NO_SCHEDULE.to_owned(),
        }
    }

    fn of(taint: &core::Taint) -> Self {
        Self {
            key: taint.key.clone(),
            value: taint.value.clone().unwrap_or_default(),
            effect: taint.effect.clone(),
        }
    }

    /// As nodes that are cordoned get it; to tolerate it is to tolerate `unschedulable`.
    pub fn unschedulable() -> Self {
        Self {
            key: "node.kubernetes.io/unschedulable".to_owned(),
            value: String::new(),
            effect: "NoSchedule".to_owned(),
        }
    }

    /// Whether it keeps pods away that do not tolerate it; the other effect only makes a node less liked.
    pub fn repels(&self) -> bool {
        ["NoSchedule", "NoExecute"].contains(&self.effect.as_str())
    }
}

impl NodeTerms {
    pub fn of(selector: &core::NodeSelector) -> Self {
        let terms = selector.node_selector_terms.iter();
        Self(terms.map(NodeTerm::of).collect())
    }

    pub fn match_node(&self, name: &str, labels: &Labels) -> bool {
        self.0.iter().any(|term| term.matches(name, labels))
    }
}

impl NodeTerm {
    pub fn of(term: &core::NodeSelectorTerm) -> Self {
        let requirements = |list: &Option<Vec<core::NodeSelectorRequirement>>| {
            let list = list.iter().flatten();
            list.map(Requirement::of_node).collect()
        };
        Self {
            labels: requirements(&term.match_expressions),
            fields: requirements(&term.match_fields),
        }
    }

    /// A volume's terms are asked without a node's name; then they say nothing about fields.
    pub fn matches(&self, name: &str, labels: &Labels) -> bool {
        let field = |r: &Requirement| {
            let actual = if r.key == "metadata.name" { name } else { "" };
            name.is_empty() || r.test.holds(Some(actual))
        };
        !(self.labels.is_empty() && self.fields.is_empty())
            && self.labels.iter().all(|r| r.holds(labels))
            && self.fields.iter().all(field)
    }
}
