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

# What the phase kubelet-finalize does, but without restarting the kubelet in the middle of its first work: from its
# next start on it uses the certificate that it renews itself.
pem=/var/lib/kubelet/pki/kubelet-client-current.pem
if [ -e "$pem" ]; then
    sed -i -E "s#(client-(certificate|key))-data: .*#\1: $pem#" /etc/kubernetes/kubelet.conf
fi

# Side by side: each process may send only a few requests a second.
kubeadm init phase addon kube-proxy --config kubeadm.conf &
proxy=$!
kubeadm init phase addon coredns --config kubeadm.conf
# One copy answers a single node, and its memory counts.
kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system scale deployment coredns --replicas 1
wait "$proxy"
mv kubeadm.started kubeadm.done
