//! The directory of one platform on this machine: its kubeconfig and its lock.
