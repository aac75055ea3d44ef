//! Kubeconfigs: built from the clusters' own, written atomically with mode 0600, merged only when asked.
