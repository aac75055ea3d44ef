#!/usr/bin/env bash
# The embedded Kubernetes beside KWOK on real components: `benches/sim_peer.sh [NODES PODS]`, 1000 and 10000 by default.
# Both get the same nodes and the same Deployment over HTTPS on loopback; the clock runs from the first create until all
# pods are Ready. KWOK comes from its Go module (tests/peers/kwok), etcd and Kubernetes from the testbed. Prints a
# Markdown table.
#   BEX_INFRA=FILE   the binary to measure instead of target/release/bex-infra
#   BEX_KWOK=FILE    KWOK instead of what is built here

set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../tests/testbed/lib.sh
. tests/testbed/lib.sh

nodes=${1:-1000}
pods=${2:-10000}
binary=${BEX_INFRA:-$PWD/target/release/bex-infra}
kwok=${BEX_KWOK:-$bin/kwok}
work=$(mktemp -d)
started=()
token=bench-token
minutes=20

[ -x "$binary" ] || fail "there is no $binary; run: cargo build --release"
[ -x "$bin/kube-apiserver" ] || fail "there is no $bin/kube-apiserver; run: tests/testbed/build"
[ -x "$kwok" ] || (cd tests/peers/kwok && CGO_ENABLED=0 go build -trimpath -o "$kwok" sigs.k8s.io/kwok/cmd/kwok)

leave() {
  stop
  rm -rf "$work"
}
trap leave EXIT

# run NAME COMMAND...  starts a process that is measured and stopped with the others.
run() {
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  started+=("$!")
}

stop() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  started=()
}

# Sums a line of /proc/PID/status over all that run, in MiB: VmRSS, VmHWM.
memory() {
  local pid
  for pid in "${started[@]}"; do cat "/proc/$pid/status"; done |
    awk -v field="$1:" '$1 == field { sum += $2 } END { printf "%.0f\n", sum / 1024 }'
}

# Seconds of CPU that all have used.
cpu() {
  local pid
  for pid in "${started[@]}"; do cat "/proc/$pid/stat"; done |
    awk -v hertz="$(getconf CLK_TCK)" '{ sum += $14 + $15 } END { printf "%.1f\n", sum / hertz }'
}

since() { bc <<<"$EPOCHREALTIME - $1"; }

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

request() { curl --silent --show-error --fail --config "$work/access" "$@"; }

# Keeps asking until an answer comes; says which server stayed silent.
answers() {
  local tries
  for tries in $(seq 600); do
    if request "$server/readyz" -o "$work/readyz" 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail "$server does not answer after $tries tries; logs: $(tail -n 5 "$work"/*.log)"
}

# --- what both get

write_objects() {
  local number
  for number in $(seq "$nodes"); do
    cat >"$work/node-$number.json" <<JSON
{"apiVersion": "v1", "kind": "Node",
 "metadata": {"name": "node-$number", "labels": {"kubernetes.io/hostname": "node-$number"}},
 "status": {"capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
   "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "110"},
   "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
     "lastHeartbeatTime": "$(date -u +%FT%TZ)", "lastTransitionTime": "$(date -u +%FT%TZ)"}]}}
JSON
    printf 'url = "%s/api/v1/nodes"\ndata = "@%s/node-%s.json"\nheader = "content-type: application/json"\n' \
      '@SERVER@' "$work" "$number"
    printf 'output = /dev/null\n'
    [ "$number" = "$nodes" ] || printf 'next\n'
  done >"$work/creates"
  cat >"$work/deployment.json" <<JSON
{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "burst", "namespace": "default"},
 "spec": {"replicas": $pods, "progressDeadlineSeconds": 3600, "selector": {"matchLabels": {"app": "burst"}},
  "template": {"metadata": {"labels": {"app": "burst"}}, "spec": {"containers": [{"name": "app", "image": "app:1",
   "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}}]}}}}
JSON
}

# Creates everything and prints how long it takes until all pods are Ready.
create_and_wait() {
  local begun=$EPOCHREALTIME ready=0
  # curl forgets its options at each `next`.
  awk -v access="$(cat "$work/access")" -v server="$server" \
    '/^url/ { print access; print "silent\nfail" } { sub("@SERVER@", server); print }' "$work/creates" >"$work/creates-here"
  curl --no-progress-meter --parallel --parallel-max 16 --config "$work/creates-here" >&2
  request "$server/apis/apps/v1/namespaces/default/deployments" --data "@$work/deployment.json" \
    -H 'content-type: application/json' -o /dev/null
  say "   $nodes nodes and the Deployment are created after $(since "$begun") s"
  while [ "$ready" != "$pods" ]; do
    [ "$(since "$begun" | cut -d. -f1)" != $((minutes * 60)) ] || fail "only $ready pods are Ready after $minutes minutes"
    sleep 0.05
    ready=$(request "$server/apis/apps/v1/namespaces/default/deployments/burst" | jq -r '.status.readyReplicas // 0')
  done
  since "$begun"
}

# --- KWOK

kwok_up() {
  local etcd_port peer_port secure_port
  etcd_port=$(port) peer_port=$(port) secure_port=$(port)
  printf '%s,admin,admin,system:masters\n' "$token" >"$work/tokens"
  "$bin/kubeadm" init phase certs sa --cert-dir "$work" &>/dev/null
  run etcd "$bin/etcd" --data-dir "$work/etcd" --unsafe-no-fsync --quota-backend-bytes=8589934592 \
    --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
    --listen-peer-urls "http://127.0.0.1:$peer_port" --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" \
    --initial-cluster "default=http://127.0.0.1:$peer_port"
  # What `kwokctl create cluster --disable-qps-limits` sets.
  run apiserver "$bin/kube-apiserver" "--etcd-servers=http://127.0.0.1:$etcd_port" "--secure-port=$secure_port" \
    "--cert-dir=$work" "--token-auth-file=$work/tokens" "--service-account-key-file=$work/sa.pub" \
    "--service-account-signing-key-file=$work/sa.key" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
    --authorization-mode=RBAC --service-account-issuer=https://kubernetes.default.svc \
    --service-cluster-ip-range=10.96.0.0/16 --disable-admission-plugins=ServiceAccount --anonymous-auth=false \
    --allow-privileged=true --max-requests-inflight=0 --max-mutating-requests-inflight=0 \
    --enable-priority-and-fairness=false
  server=https://127.0.0.1:$secure_port
  printf 'header = "authorization: Bearer %s"\ninsecure\n' "$token" >"$work/access"
  answers
  kwok_kubeconfig >"$work/kubeconfig"
  run controllers "$bin/kube-controller-manager" "--kubeconfig=$work/kubeconfig" --leader-elect=false \
    --kube-api-qps=5000 --kube-api-burst=10000 --bind-address=127.0.0.1 "--secure-port=$(port)" \
    "--cert-dir=$work/controllers"
  run scheduler "$bin/kube-scheduler" "--kubeconfig=$work/kubeconfig" --leader-elect=false \
    --kube-api-qps=5000 --kube-api-burst=10000 --bind-address=127.0.0.1 "--secure-port=$(port)" \
    "--cert-dir=$work/scheduler"
  run kwok "$kwok" "--kubeconfig=$work/kubeconfig" --manage-all-nodes=true --cidr=10.0.0.0/8 --node-ip=10.0.0.1 \
    --node-lease-duration-seconds=40 "--server-address=127.0.0.1:$(port)"
  sleep 5
}

kwok_kubeconfig() {
  cat <<YAML
apiVersion: v1
kind: Config
current-context: bench
contexts: [{name: bench, context: {cluster: bench, user: bench}}]
clusters: [{name: bench, cluster: {server: "$server", insecure-skip-tls-verify: true}}]
users: [{name: bench, user: {token: $token}}]
YAML
}

# --- the embedded one

embedded_up() {
  # Pods start at once, as KWOK's do.
  printf 'podStartMs: {from: 0, to: 0}\n' >"$work/scenario.yaml"
  run bex-infra "$binary" sim serve --state "$work/sim" --scenario "$work/scenario.yaml"
  local config=$work/sim/app.kubeconfig tries
  for tries in $(seq 200); do
    [ ! -s "$config" ] || break
    sleep 0.05
  done
  [ -s "$config" ] || fail "no $config after $tries tries: $(cat "$work/bex-infra.log")"
  server=$("$bin/kubectl" --kubeconfig "$config" config view --raw -o jsonpath='{.clusters[0].cluster.server}')
  token=$("$bin/kubectl" --kubeconfig "$config" config view --raw -o jsonpath='{.users[0].user.token}')
  printf 'header = "authorization: Bearer %s"\ninsecure\n' "$token" >"$work/access"
  answers
}

side() {
  local name=$1 seconds
  say " > $name"
  "${name}_up"
  seconds=$(create_and_wait)
  row=$(printf '| %.1f | %s | %s | %s |' "$seconds" "$(memory VmRSS)" "$(memory VmHWM)" "$(cpu)")
  stop
}

say "load before: $(cut -d' ' -f1-3 /proc/loadavg)"
write_objects
side embedded
embedded=$row
side kwok
printf '| %s nodes, %s pods of a Deployment | s until all are Ready | MiB then | MiB at most | s of CPU |\n' "$nodes" "$pods"
printf '|---|---:|---:|---:|---:|\n'
printf '| KWOK, etcd, kube-apiserver, kube-controller-manager, kube-scheduler %s\n' "$row"
printf '| bex-infra sim serve %s\n' "$embedded"
