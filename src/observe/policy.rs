//! What the installed resize loop was told that it may do.

use anyhow::Result;
use kube::Client;

use crate::names::{NAMESPACE, POLICY_KEY, RESIZE_NAMESPACE};
use crate::resize::policy::Policy;
use crate::spec::{self, Platform, Substrate};
use crate::tools::kube::Objects;

/// The policy of the installed loop, or the usual one. The error names what is wrong with it, and where it is.
pub async fn installed(infra: &Client, platform: &Platform) -> Result<Policy> {
    let namespace = match platform.substrate {
        Substrate::Local => RESIZE_NAMESPACE,
        Substrate::Sim => NAMESPACE,
    };
    let name = platform.names.resize();
    let objects = Objects::new(infra, "v1", "ConfigMap", Some(namespace));
    let found = objects.get(&name).await?;
    let text = found
        .as_ref()
        .and_then(|found| found.data["data"][POLICY_KEY].as_str());
    let place = format!("ConfigMap {namespace}/{name}, {POLICY_KEY}");
    Ok(spec::policy(text.unwrap_or_default(), &place)?)
}
