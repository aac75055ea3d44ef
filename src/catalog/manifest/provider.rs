//! What a Cluster API provider is called, by its component's name.

use crate::catalog::Component;

/// Identity of a provider in clusterctl's inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// `infrastructure-docker`: the component's name, the label and the name of the inventory object.
    pub label: String,
    /// `docker`.
    pub name: String,
    /// `InfrastructureProvider`.
    pub kind: &'static str,
}

const KINDS: [(&str, &str); 6] = [
    ("bootstrap-", "BootstrapProvider"),
    ("control-plane-", "ControlPlaneProvider"),
    ("infrastructure-", "InfrastructureProvider"),
    ("ipam-", "IPAMProvider"),
    ("runtime-extension-", "RuntimeExtensionProvider"),
    ("addon-", "AddonProvider"),
];

impl Provider {
    /// `None` for a component that is no provider, such as cert-manager.
    pub fn of(component: &Component) -> Option<Self> {
        let label = component.name.clone();
        if label == "cluster-api" {
            return Some(Self {
                name: label.clone(),
                label,
                kind: "CoreProvider",
            });
        }
        let (name, kind) = KINDS
            .iter()
            .find_map(|(prefix, kind)| Some((label.strip_prefix(prefix)?.to_owned(), *kind)))?;
        Some(Self { label, name, kind })
    }
}
