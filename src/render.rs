//! Tera templates of `clusterapi/` and `overlays/` to Kubernetes objects. Pure.
