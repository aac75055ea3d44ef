#!/bin/sh
# Makes this node a control plane, once. It may be repeated at any time: it waits for a run of itself that still goes
# on, resets what an interrupted run left, and does nothing when all is done.
set -eu
cd /kind
exec 9>kubeadm.lock
flock 9
[ ! -e kubeadm.done ] || exit 0
[ ! -e kubeadm.started ] || kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock
touch kubeadm.started
kubeadm init --config kubeadm.conf --skip-token-print
# One copy answers a single node, and its memory counts.
kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system scale deployment coredns --replicas 1
mv kubeadm.started kubeadm.done
