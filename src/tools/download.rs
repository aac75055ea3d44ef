//! Downloads of manifests: `https://`, `file://` and plain paths, with size limit, deadline and SHA-256.
