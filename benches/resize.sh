#!/usr/bin/env bash
# The resize engine beside the real Karpenter's solver, on the same workloads: `benches/resize.sh [S1 S3 S4 S5 S7]`, all by
# default. Builds both sides and prints Markdown tables, the machine first. Takes a quarter of an hour and more, nearly all
# of it Karpenter's, on a machine that should do nothing else.
#   BEX_PEER_PODS=N   ask Karpenter about no more than so many pods at once; 20000 by default, which takes minutes

set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../tests/testbed/lib.sh
. tests/testbed/lib.sh

command -v go >/dev/null || fail "there is no go; install Go 1.26.5 or later"
(cd tests/peers/karpenter && GOFLAGS='-mod=readonly -buildvcs=false' go build -trimpath -o "$bin/karpenter-solver" .)
# Built before anything is measured.
cargo build --locked --release --bench resize

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
printf '%s CPUs (%s), %s GiB, load %s, %s, Karpenter %s\n' "$(nproc)" "$model" \
  "$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$(date -u +%F)" \
  "$(cd tests/peers/karpenter && go list -m -f '{{.Version}}' sigs.k8s.io/karpenter)"
BEX_PEER_KARPENTER=$bin/karpenter-solver exec cargo bench --locked --bench resize -- "$@"
