//! Component manifests: variables, labels and order of installation as clusterctl has them. Pure.
pub fn parse(_: &str) -> anyhow::Result<Vec<serde_json::Value>> {
    todo!()
}
