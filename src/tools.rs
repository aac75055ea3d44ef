//! One thin typed wrapper per outside program or API.

pub mod docker;
pub mod download;
pub mod kube;
