#!/usr/bin/env bash
# The resize engine beside the real Karpenter's solver, on the same workloads, and the whole loop against API servers:
# `benches/resize.sh [--full] [--write] [S1 S3 S4 S5 S6 S7]`, all by default. Builds both sides and prints Markdown tables,
# the machine first. Takes a quarter of an hour and more, nearly all of it Karpenter's, on a machine that should do
# nothing else. Where the testbed has built a kube-apiserver (tests/testbed/build), S6 is measured against it, too.
#   --full           ask Karpenter about 20,000 pods at once, too, which takes minutes; else about 5,000 at most
#   --write          put the tables into benches/README.md
#   BEX_PEER_PODS=N  ask Karpenter about no more than so many pods at once

set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../tests/testbed/lib.sh
. tests/testbed/lib.sh

pods=5000
write=
scenarios=()
for argument in "$@"; do
  case $argument in
    --full) pods=20000 ;;
    --write) write=yes ;;
    S[1-7]) scenarios+=("$argument") ;;
    *) fail "$argument is none of --full, --write, S1 S3 S4 S5 S6 S7" ;;
  esac
done

command -v go >/dev/null || fail "there is no go; install Go 1.26.5 or later"
(cd tests/peers/karpenter && GOFLAGS='-mod=readonly -buildvcs=false' go build -trimpath -o "$bin/karpenter-solver" .)
# Built before anything is measured.
cargo build --locked --release --bins
cargo bench --locked --no-run --bench resize

if [ -x "$bin/kube-apiserver" ] && [ -f "$upstream/catalog.yaml" ]; then
  export BEX_TEST_BIN=$bin BEX_CATALOG=$upstream/catalog.yaml
  apiserver=", kube-apiserver $("$bin/kube-apiserver" --version | cut -d' ' -f2)"
fi

load() { cut -d' ' -f1-3 /proc/loadavg; }

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
memory=$(awk '/^MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo)
karpenter=$(cd tests/peers/karpenter && go list -m -f '{{.Version}}' sigs.k8s.io/karpenter)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
before=$(load)
BEX_PEER_PODS=${BEX_PEER_PODS:-$pods} BEX_PEER_KARPENTER=$bin/karpenter-solver \
  cargo bench --locked --bench resize -- "${scenarios[@]}" | tee "$work/tables"
versions="bex-infra $(git rev-parse --short HEAD), Karpenter $karpenter${apiserver:-}, $(rustc --version | cut -d' ' -f1-2)"
versions+=", $(go version | cut -d' ' -f3)"
machine="Measured on $(nproc) CPUs ($model) with $memory GiB on $(date -u +%F), load $before before and $(load) after:"
machine+=" $versions."
printf '\n%s\n' "$machine"
[ -n "$write" ] || exit 0

# What stands between a scenario's marks gives way to what was measured now.
for scenario in S1 S3 S4 S5 S6 S7; do
  awk -v heading="^### $scenario[: ]" '/^### / { ours = $0 ~ heading } ours' "$work/tables" >"$work/$scenario"
  [ -s "$work/$scenario" ] || continue
  printf '\n%s\n' "$machine" | fold -s -w 120 | sed 's/ *$//' >>"$work/$scenario"
  awk -v begin="<!-- $scenario -->" -v end="<!-- end of $scenario -->" -v table="$work/$scenario" '
    $0 == end { hidden = 0 }
    !hidden
    $0 == begin { while ((getline line < table) > 0) print line; hidden = 1 }
  ' benches/README.md >"$work/README.md"
  cat -s "$work/README.md" >benches/README.md
done
say "benches/README.md is written"
