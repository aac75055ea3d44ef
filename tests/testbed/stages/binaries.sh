# The binaries, built from Go modules: one stage per module of modules/, each binary linked into $bin by its name.
# shellcheck shell=bash disable=SC2154  # the directories are lib.sh's

# go_build OUT MODULE LDFLAGS NAME=PACKAGE...  builds static, reproducible binaries of one of our modules into OUT.
# What go.sum does not know is refused, never added.
go_build() {
  local out=$1 module=$2 ldflags=$3 binary
  shift 3
  cd "$testbed/modules/$module" || return
  for binary in "$@"; do
    CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' \
      go build -trimpath -ldflags "-s -w $ldflags" -o "$out/${binary%%=*}" "${binary#*=}"
  done
}

# requires MODULE PATH VERSION  stops where go.mod and versions.sh disagree: a binary would name a version it is not.
requires() {
  local found
  found=$(cd "$testbed/modules/$1" && go list -mod=readonly -m -f '{{.Version}}' "$2")
  [ "$found" = "$3" ] || fail "modules/$1/go.mod requires $2 $found, versions.sh says $3; make them agree"
}

# stamp PACKAGE VERSION  prints the linker flags for a version package as Kubernetes and Cluster API have it.
stamp() {
  local major minor
  IFS=. read -r major minor _ <<<"${2#v}"
  printf -- "-X $1.%s " "gitVersion=$2" "gitMajor=$major" "gitMinor=$minor" gitTreeState=clean
}

stage_pause() { go_build "$1" pause '' pause=.; }

stage_crictl() { go_build "$1" crictl '' crictl=.; }

stage_kind() {
  requires kind sigs.k8s.io/kind "$KIND_VERSION"
  go_build "$1" kind '' kind=sigs.k8s.io/kind
}

stage_helm() {
  requires helm helm.sh/helm/v3 "$HELM_VERSION"
  go_build "$1" helm "-X helm.sh/helm/v3/internal/version.version=$HELM_VERSION" helm=helm.sh/helm/v3/cmd/helm
}

stage_etcd_coredns() {
  local etcd=go.etcd.io/etcd
  requires etcd-coredns $etcd/server/v3 "v${ETCD_VERSION%-*}"
  requires etcd-coredns github.com/coredns/coredns "$COREDNS_VERSION"
  go_build "$1" etcd-coredns '' etcd=$etcd/server/v3 etcdctl=$etcd/etcdctl/v3 etcdutl=$etcd/etcdutl/v3 \
    coredns=github.com/coredns/coredns
}

stage_cert_manager() {
  local module=github.com/cert-manager/cert-manager
  requires cert-manager $module "$CERT_MANAGER_VERSION"
  go_build "$1" cert-manager "-X $module/pkg/util.AppVersion=$CERT_MANAGER_VERSION" \
    cert-manager-controller=$module/cmd/controller \
    cert-manager-webhook=$module/cmd/webhook \
    cert-manager-cainjector=$module/cmd/cainjector
}

stage_cluster_api() {
  local module=sigs.k8s.io/cluster-api
  requires cluster-api $module "$CLUSTER_API_VERSION"
  requires cluster-api $module/test "$CLUSTER_API_VERSION"
  go_build "$1" cluster-api "$(stamp $module/version "$CLUSTER_API_VERSION")" \
    clusterctl=$module/cmd/clusterctl \
    cluster-api-controller=$module \
    kubeadm-bootstrap-controller=$module/bootstrap/kubeadm \
    kubeadm-control-plane-controller=$module/controlplane/kubeadm \
    capd-manager=$module/test/infrastructure/docker
}

stage_kubernetes() {
  local name binaries=()
  requires kubernetes k8s.io/kubernetes "$KUBERNETES_VERSION"
  for name in kubelet kubeadm kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy; do
    binaries+=("$name=k8s.io/kubernetes/cmd/$name")
  done
  go_build "$1" kubernetes "$(stamp k8s.io/component-base/version "$KUBERNETES_VERSION")" "${binaries[@]}"
}

# built NAME VERSION...  runs the stage and links what it built.
# The functions count among its inputs, not this whole file: a changed line for one module rebuilds that one.
built() {
  local binary
  stage "$1" "$testbed/modules/$1" "$(declare -f go_build stamp "stage_${1//-/_}")" "${@:2}"
  for binary in "$cache/stages/$1"/*; do ln -sfn "$binary" "$bin/${binary##*/}"; done
}

# From small to large, so that a machine that cannot build says so early.
build_binaries() {
  command -v go >/dev/null || fail "there is no go; install Go 1.25 or later"
  built pause
  built crictl
  built kind "$KIND_VERSION"
  built helm "$HELM_VERSION"
  built etcd-coredns "$ETCD_VERSION" "$COREDNS_VERSION"
  built cert-manager "$CERT_MANAGER_VERSION"
  built cluster-api "$CLUSTER_API_VERSION"
  built kubernetes "$KUBERNETES_VERSION"
}
