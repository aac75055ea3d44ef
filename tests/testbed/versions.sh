# The one place where the testbed's versions are pinned; modules/*/go.mod repeat them, `stages/binaries.sh` checks that they agree.
# shellcheck shell=bash disable=SC2034  # read by the files that source this one

KUBERNETES_VERSION=v1.34.4
ETCD_VERSION=3.6.5-0       # the tag of the image kubeadm asks for; the program is 3.6.5
COREDNS_VERSION=v1.12.1
PAUSE_VERSION=3.10.1
CLUSTER_API_VERSION=v1.13.0
CERT_MANAGER_VERSION=v1.11.5 # the last whose cmd/ is part of the main module
KIND_VERSION=v0.33.0
HELM_VERSION=v3.19.0
