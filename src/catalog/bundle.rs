//! stub
use anyhow::Result;
#[derive(Debug, Clone)]
pub struct Bundle;
pub struct Loaded;
impl Bundle {
    pub async fn load(&self, _: &crate::tools::docker::Docker) -> Result<Loaded> {
        todo!()
    }
    pub fn manifest(&self, _: &super::Component) -> Result<String> {
        todo!()
    }
    pub fn component_images(&self) -> std::path::PathBuf {
        todo!()
    }
    pub fn infra_node_image(&self) -> Option<&str> {
        todo!()
    }
}
