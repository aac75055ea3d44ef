#!/usr/bin/env bash
# What a day costs on Hetzner's price list as bex-infra, as the Cluster Autoscaler and as Karpenter, by workload: means over
# several seeds, as a Markdown table. `benches/simulate.sh [SEEDS]`, 3 by default. The peers are models of their documented
# rules; see src/resize/simulate.rs.

set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-3}

cargo build --locked --release

echo '| workload | cost: ours | CA | Karpenter | p99 of waits: ours | CA | Karpenter | evictions: ours | CA | Karpenter |'
echo '|---|---|---|---|---|---|---|---|---|---|'
for file in examples/workload.yaml benches/workloads/*.yaml; do
  for seed in $(seq "$seeds"); do
    target/release/bex-infra resize simulate --workload "$file" --catalog hetzner --hours 24 --seed "$seed"
  done | awk '
    / h, seed [0-9]+$/ { name = $0; sub(/ for [0-9.]+ h, seed [0-9]+$/, "", name); runs++ }
    $1 ~ /^(bex-infra|cluster-autoscaler|karpenter)$/ { cost[$1] += $2; wait[$1] += $7; evictions[$1] += $8 }
    function row(of, format) {
      return sprintf(" " format " |", of["bex-infra"] / runs) sprintf(" " format " |", of["cluster-autoscaler"] / runs) \
        sprintf(" " format " |", of["karpenter"] / runs)
    }
    END { print "| " name " |" row(cost, "%.2f") row(wait, "%.0f s") row(evictions, "%.0f") }'
done
