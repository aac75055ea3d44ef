# The container images, under the names a registry would deliver them by, in the local Docker daemon.
# Every image is one layer made from a directory: no Dockerfile, and nothing in it that was not put there.
# shellcheck shell=bash disable=SC2154  # lib.sh and versions.sh are sourced before

NODE_IMAGE=kindest/node:$KUBERNETES_VERSION
HAPROXY_IMAGE=kindest/haproxy:v20230606-42a2262b # the tag Cluster API's Docker provider asks for
BEXNET_IMAGE=bex.test/bexnet:1
ECHO_IMAGE=bex.test/echo:1

# As `kubeadm config images list` names them.
KUBE_PROXY_IMAGE=registry.k8s.io/kube-proxy:$KUBERNETES_VERSION
PAUSE_IMAGE=registry.k8s.io/pause:$PAUSE_VERSION
ETCD_IMAGE=registry.k8s.io/etcd:$ETCD_VERSION
COREDNS_IMAGE=registry.k8s.io/coredns/coredns:$COREDNS_VERSION
CONTROL_PLANE=(kube-apiserver kube-controller-manager kube-scheduler)

# What a node needs of Debian: kind's own list without network disks and rootless engines.
NODE_PACKAGES=(
  systemd systemd-sysv containerd runc containernetworking-plugins kmod mount util-linux procps
  iptables nftables iproute2 conntrack ethtool socat hostname ca-certificates
)

# What every node has at hand, unpacked, and never pulls.
node_images() {
  local name
  for name in "${CONTROL_PLANE[@]}"; do echo "registry.k8s.io/$name:$KUBERNETES_VERSION"; done
  printf '%s\n' "$KUBE_PROXY_IMAGE" "$PAUSE_IMAGE" "$ETCD_IMAGE" "$COREDNS_IMAGE" "$BEXNET_IMAGE" "$ECHO_IMAGE"
}

# --- tools

# image NAME ROOT CHANGE...  makes the one-layer image NAME of the directory ROOT, in place of an older one.
image() {
  local name=$1 root=$2 older change changes=()
  shift 2
  for change in 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$@"; do
    changes+=(--change "$change")
  done
  older=$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null) || true
  tar -C "$root" --sort=name --numeric-owner -c . | docker import "${changes[@]}" - "$name"
  if [ -n "$older" ]; then docker image rm "$older" || true; fi # a running container may still need it
}

# program_image ROOT NAME PROGRAM PATH CHANGE...  makes an image of one static program, its entrypoint at PATH,
# in the empty ROOT. Like the distroless base upstream builds on it has certificates, a /tmp and two users.
program_image() {
  local root=$1 name=$2 program=$3 path=$4
  shift 4
  install -D -m 755 "$program" "$root$path"
  install -D -m 644 "$cache/stages/node-rootfs/root/etc/ssl/certs/ca-certificates.crt" -t "$root/etc/ssl/certs"
  printf 'root:x:0:0::/root:\nnonroot:x:65532:65532::/:\n' >"$root/etc/passwd"
  mkdir -m 1777 "$root/tmp"
  image "$name" "$root" "ENTRYPOINT [\"$path\"]" 'WORKDIR /' "$@"
  rm -r "$root"
}

# copy_programs FROM TO FILE...  copies files and folders of one root directory into another, with the libraries
# that the programs and plugins among them load.
copy_programs() {
  local from=$1 to=$2 file files=()
  shift 2
  while read -r file; do
    mapfile -t -O "${#files[@]}" files < <(
      echo "$file"
      chroot "$from" /lib64/ld-linux-x86-64.so.2 --list "$file" | grep -o '/[^ ]*'
    )
  done < <(chroot "$from" find "$@" ! -type d)
  chroot "$from" tar -ch "${files[@]}" | tar -C "$to" -x
}

# image_stage STAGE IMAGE INPUT...  is `stage` for an image: when the daemon no longer has it, it is made again.
image_stage() {
  docker image inspect "$2" >/dev/null 2>&1 || rm -f "$cache/stages/$1/.fingerprint"
  stage "$1" "$(declare -f image program_image "stage_${1//-/_}")" "${@:2}"
}

# --- a node's operating system

# Without a mirror argument mmdebstrap takes Debian's archive as this machine knows it.
stage_node_rootfs() {
  local root=$1/root packages
  packages=$(IFS=, && echo "${NODE_PACKAGES[*]}")
  mmdebstrap --variant=minbase --include="$packages" bookworm "$root"
  rm -rf "$root"/usr/share/{bash-completion,doc,info,lintian,locale,man,perl,perl5,zoneinfo,zsh}
  rm -rf "$root"/usr/lib/x86_64-linux-gnu/{perl*,libperl*} "$root/usr/bin/openssl"
  rm -f "$root"/usr/bin/containerd-{stress,shim,shim-runc-v1}
  # Every node that starts copies /var: nothing stays there that no one uses.
  rm -rf "$root"/var/{cache,log,lib/apt,lib/systemd/catalog} && mkdir "$root"/var/{cache,log}
  find "$root/var/lib/dpkg" -mindepth 1 -maxdepth 1 ! -name alternatives -exec rm -r {} +
}

# --- the images inside a node

stage_kube_images() {
  local out=$1 name
  for name in "${CONTROL_PLANE[@]}"; do
    program_image "$out/$name" "registry.k8s.io/$name:$KUBERNETES_VERSION" "$bin/$name" "/usr/local/bin/$name"
  done
  program_image "$out/etcd" "$ETCD_IMAGE" "$bin/etcd" /usr/local/bin/etcd
  program_image "$out/coredns" "$COREDNS_IMAGE" "$bin/coredns" /coredns
  program_image "$out/pause" "$PAUSE_IMAGE" "$bin/pause" /pause 'USER 65535:65535'
}

# kube-proxy brings its own iptables, of the kind the node's is, and the extensions iptables loads by name.
stage_kube_proxy_image() {
  local root=$1/root name
  mkdir -p "$root"/{tmp,run,usr/sbin,usr/local/bin}
  copy_programs "$cache/stages/node-rootfs/root" "$root" \
    /usr/sbin/xtables-nft-multi /usr/lib/x86_64-linux-gnu/xtables /usr/sbin/nft /usr/sbin/conntrack
  for name in {iptables,ip6tables}{,-save,-restore}; do ln -s xtables-nft-multi "$root/usr/sbin/$name"; done
  cp -L "$bin/kube-proxy" "$root/usr/local/bin/"
  image "$KUBE_PROXY_IMAGE" "$root" 'ENTRYPOINT ["/usr/local/bin/kube-proxy"]'
  rm -r "$root"
}

stage_own_images() {
  local name
  for name in bexnet echo; do
    CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$1/$name" "$testbed/images/$name/main.go"
  done
  program_image "$1/bexnet.root" "$BEXNET_IMAGE" "$1/bexnet" /usr/local/bin/bexnet
  program_image "$1/echo.root" "$ECHO_IMAGE" "$1/echo" /usr/local/bin/echo 'USER 65532'
}

# --- the node image

kind_files() { echo "$(go mod download -json "sigs.k8s.io/kind@$KIND_VERSION" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/images/base/files"; }

# What kind's base image adds to Debian, without its container hook (which only hides the machine's product name).
add_kind_files() {
  local root=$1
  cp -r --no-preserve=mode "$(kind_files)"/{etc,kind,usr} "$root/"
  rm "$root"/usr/local/bin/clean-install "$root"/etc/systemd/system/containerd-fuse-overlayfs.service \
    "$root"/kind/bin/mount-product-files.sh
  chmod 755 "$root"/kind/bin/*
  install -m 755 "$root/usr/local/bin/entrypoint" "$root/usr/local/bin/kind-entrypoint"
  install -m 755 "$testbed/images/node/entrypoint" "$root/usr/local/bin/entrypoint"
  sed -i -e '/proxy_plugins/,/^$/d' -e '/base_runtime_spec/d' \
    -e "s,^\( *sandbox_image = \).*,\1\"$PAUSE_IMAGE\"," "$root/etc/containerd/config.toml"
  install -D -m 644 -t "$root/kind/manifests" "$testbed"/images/node/default-{cni,storage}.yaml
  printf '%s' "$KUBERNETES_VERSION" >"$root/kind/version"
}

add_kubernetes() {
  local root=$1 name
  for name in kubeadm kubelet kubectl; do install -m 755 "$bin/$name" "$root/usr/bin/"; done
  install -m 755 "$bin/crictl" "$root/usr/local/bin/"
  for name in containerd ctr containerd-shim-runc-v2; do ln -s "/usr/bin/$name" "$root/usr/local/bin/"; done
  mkdir -p "$root/opt/cni/bin" "$root/etc/kubernetes/manifests" "$root/etc/cni/net.d"
  mv "$root"/usr/lib/cni/{host-local,loopback,portmap,ptp} "$root/opt/cni/bin/"
  rm -r "$root/usr/lib/cni"
}

# A node boots containerd and kubelet and nothing else: as kind's Dockerfile does it.
trim_units() {
  local system=$1/lib/systemd/system unit
  rm -f "$1"/etc/systemd/system/*.wants/* "$system"/{multi-user,local-fs,basic}.target.wants/* \
    "$system"/sockets.target.wants/*{udev,initctl}* "$system"/sysinit.target.wants/systemd-tmpfiles-setup.service
  for unit in systemd-binfmt systemd-udevd systemd-udev-trigger systemd-logind getty@ console-getty; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit.service"
  done
  echo 'ReadKMsg=no' >>"$1/etc/systemd/journald.conf"
  systemctl --root="$1" enable containerd.service kubelet.service undo-mount-hacks.service
}

# preload ROOT BASE  fills the containerd of ROOT with the node's images, using BASE, an image of ROOT itself.
# The images are unpacked here once instead of in every node; the packed layers are then of no more use.
preload() {
  local root=$1 builder
  builder=$(docker run --detach --privileged --entrypoint containerd \
    --volume "$root/var/lib/containerd:/var/lib/containerd" "$2")
  # shellcheck disable=SC2064  # the id as it is now
  trap "docker rm --force --volumes $builder" EXIT
  timeout 30 bash -c "until docker exec $builder crictl ps; do sleep 0.2; done"
  node_images | xargs docker save | docker exec --interactive "$builder" ctr --namespace k8s.io images import -
  docker exec "$builder" sh -c \
    "ctr -n k8s.io content ls | awk '/containerd.io.uncompressed/ {print \$1}' | xargs ctr -n k8s.io content rm"
  docker stop "$builder"
  # containerd has forgotten the layers, yet deletes them only when it next looks around: in every node anew.
  find "$root/var/lib/containerd/io.containerd.content.v1.content/blobs" -type f -size +64k -delete
}

# Every node copies the image's /var into a volume of its own. The unpacked images stay out of it, so that a node
# is there at once, and all nodes run their programs from the same pages of memory.
share_snapshots() {
  local snapshots=$1/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots snapshot
  mkdir "$1/kind/snapshots"
  for snapshot in "$snapshots"/*; do
    mv "$snapshot" "$1/kind/snapshots/"
    ln -s "/kind/snapshots/${snapshot##*/}" "$snapshot"
  done
}

stage_node_image() {
  local root=$1/root base=bex.test/node-base:$KUBERNETES_VERSION
  cp -a "$cache/stages/node-rootfs/root" "$root"
  add_kind_files "$root"
  add_kubernetes "$root"
  trim_units "$root"
  image "$base" "$root"
  (preload "$root" "$base")
  share_snapshots "$root"
  image "$NODE_IMAGE" "$root" 'ENV container=docker' 'STOPSIGNAL SIGRTMIN+3' \
    'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
  docker image rm "$base"
  rm -r "$root"
}

# --- what Cluster API needs beside nodes

stage_haproxy_image() {
  local root=$1/root
  mmdebstrap --variant=extract --include=haproxy,dash,coreutils,tar,findutils bookworm "$1/debian"
  mkdir -p "$root"/{run,tmp,var/lib/haproxy}
  copy_programs "$1/debian" "$root" /usr/sbin/haproxy /bin/dash /bin/mkdir /bin/cp
  ln -s dash "$root/bin/sh"
  install -D "$testbed/images/haproxy/haproxy" -t "$root/usr/local/bin"
  install -D -m 644 "$testbed/images/haproxy/haproxy.cfg" -t "$root/usr/local/etc/haproxy"
  image "$HAPROXY_IMAGE" "$root" 'ENTRYPOINT ["haproxy", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]' \
    'STOPSIGNAL SIGUSR1'
  rm -r "$root" "$1/debian"
}

# controller_images  prints IMAGE PROGRAM PATH USER for each controller of the management cluster.
# The Docker provider must be root: it talks to the Docker socket.
controller_images() {
  local name
  for name in controller webhook cainjector; do
    echo "quay.io/jetstack/cert-manager-$name:$CERT_MANAGER_VERSION cert-manager-$name /app/cmd/$name/$name 1000"
  done
  for name in cluster-api-controller kubeadm-bootstrap-controller kubeadm-control-plane-controller; do
    echo "registry.k8s.io/cluster-api/$name:$CLUSTER_API_VERSION $name /manager 65532"
  done
  echo "gcr.io/k8s-staging-cluster-api/capd-manager:$CLUSTER_API_VERSION capd-manager /manager 0"
}

stage_controller_images() {
  local name program path user
  while read -r name program path user; do
    program_image "$1/$program" "$name" "$bin/$program" "$path" "USER $user"
  done < <(controller_images)
}

install_mmdebstrap() {
  if type -P mmdebstrap >/dev/null; then return; fi
  say " > mmdebstrap, which makes the images' Debian"
  apt-get -q update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends mmdebstrap >&2
}

build_images() {
  local names binaries
  install_mmdebstrap
  stage node-rootfs "$(declare -f stage_node_rootfs)" "${NODE_PACKAGES[@]}"
  image_stage haproxy-image "$HAPROXY_IMAGE" "$testbed/images/haproxy" "$(declare -f copy_programs)"
  image_stage own-images "$ECHO_IMAGE" "$testbed"/images/{bexnet,echo}
  image_stage kube-images "$PAUSE_IMAGE" "${CONTROL_PLANE[@]/#/$bin/}" "$bin"/{etcd,coredns,pause}
  image_stage kube-proxy-image "$KUBE_PROXY_IMAGE" "$bin/kube-proxy" "$(declare -f copy_programs)"
  mapfile -t binaries < <(controller_images | cut -d' ' -f2)
  image_stage controller-images "gcr.io/k8s-staging-cluster-api/capd-manager:$CLUSTER_API_VERSION" \
    "$(declare -f controller_images)" "${binaries[@]/#/$bin/}"
  mapfile -t names < <(node_images)
  image_stage node-image "$NODE_IMAGE" "$KIND_VERSION" "$testbed/images/node" "$bin"/{kubeadm,kubelet,kubectl,crictl} \
    "$(declare -f add_kind_files add_kubernetes trim_units preload share_snapshots)" \
    "$(docker image inspect --format '{{.Id}}' "${names[@]}")"
}
