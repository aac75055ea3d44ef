pub async fn installed(
    _: &kube::Client,
) -> anyhow::Result<std::collections::BTreeMap<String, super::Installed>> {
    todo!()
}
