//! One thin typed wrapper per outside program or API.

pub mod archive;
pub mod docker;
pub mod download;
pub mod http;
pub mod https;
pub mod kube;
