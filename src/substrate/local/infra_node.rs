//! The infra cluster's only node: a container that kind recognises, with kubeadm inside.
