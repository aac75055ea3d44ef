//! stub
use serde_json::Value;
#[derive(Debug, Clone)]
pub struct Manifest {
    pub object: Value,
    pub hash: String,
}
impl Manifest {
    pub fn key(&self) -> String {
        todo!()
    }
    pub fn api_version(&self) -> &str {
        todo!()
    }
    pub fn kind(&self) -> &str {
        todo!()
    }
    pub fn name(&self) -> &str {
        todo!()
    }
    pub fn namespace(&self) -> Option<&str> {
        todo!()
    }
}
pub fn app_cluster(_: &crate::spec::Platform) -> anyhow::Result<Vec<Manifest>> {
    todo!()
}
