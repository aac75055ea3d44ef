//! Kubernetes clients: server-side apply, deletes and waits that watch.
