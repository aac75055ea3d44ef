#!/usr/bin/env bash
# How long `bex-infra up local` takes beside the way a person does it by hand: `benches/up_local.sh [PAIRS]`, 3 by default.
# Both sides get the same images, by turns, on a machine that should do nothing else. Prints Markdown tables.
#   BEX_INFRA=FILE   the binary to measure instead of target/release/bex-infra
#   BEX_BUNDLE=DIR   the bundle to use instead of the one that tests/e2e/run makes

set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../tests/testbed/lib.sh
. tests/testbed/lib.sh
bundle=${BEX_BUNDLE:-}
eval "$(tests/testbed/env)"
export BEX_BUNDLE=${bundle:-$BEX_BUNDLE}

pairs=${1:-3}
binary=${BEX_INFRA:-$PWD/target/release/bex-infra}
platform=bench
manual_mgmt=$cache/manual/management.kubeconfig
manual_app=$cache/manual/workload.kubeconfig
work=$(mktemp -d)
figures=$work/figures # SIDE <tab> STAGE <tab> NUMBER
export BEX_HOME=$work/home NO_COLOR=1

[ -x "$binary" ] || fail "there is no $binary; run: cargo build --release"
[ -d "$BEX_BUNDLE" ] || fail "there is no bundle in $BEX_BUNDLE; tests/e2e/run makes it"

leave() {
  "$binary" down local --name "$platform" --yes --quiet || true
  if kind get clusters 2>/dev/null | grep -qx manual-mgmt; then tests/testbed/manual down >/dev/null || true; fi
  rm -rf "$work"
}
trap leave EXIT

note() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$figures"; }
since() { bc <<<"$EPOCHREALTIME - $1"; }

# measured SIDE STAGE COMMAND...  notes how long a command takes; its output is shown only if it fails.
measured() {
  local side=$1 stage=$2 begun=$EPOCHREALTIME
  shift 2
  "$@" >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2 && fail "$side: $stage failed"; }
  note "$side" "$stage" "$(since "$begun")"
  say "   $side, $stage: $(since "$begun") s"
}

# --- by hand

manual_up() {
  local begun=$EPOCHREALTIME stage seconds
  while read -r stage seconds; do
    note manual "$stage" "$seconds"
    [ "$stage" != clusterctl-init ] || note manual "infra cluster ready" "$(since "$begun")"
    [ "$stage" != control-plane ] || note manual "control plane initialised" "$(since "$begun")"
    [ "$stage" != nodes-ready ] || note manual "worker Ready" "$(since "$begun")"
    [ "$stage" != total ] || note manual up "$seconds"
    say "   manual, $stage: $seconds s"
  done < <(tests/testbed/manual up)
  grep -q "^manual	smoke-test	" "$figures" || fail "tests/testbed/manual up did not finish"
}

manual_workers() { kubectl --kubeconfig "$manual_app" get nodes --no-headers | grep -cv control-plane; }

# manual_scale COUNT  as `bex-infra scale` does it: until that many workers are Ready and no other exists.
manual_scale() {
  kubectl --kubeconfig "$manual_mgmt" scale machinedeployment/manual-md --replicas "$1"
  until [ "$(manual_workers)" = "$1" ]; do sleep 0.2; done
  kubectl --kubeconfig "$manual_app" wait nodes --all --for condition=Ready --timeout 120s
  until [ "$(kubectl --kubeconfig "$manual_mgmt" get machines --no-headers | grep -c -- -md-)" = "$1" ]; do sleep 0.2; done
}

manual_side() {
  manual_up
  footprint manual 'manual'
  measured manual "scale +1" manual_scale 2
  measured manual "scale -1" manual_scale 1
  measured manual down tests/testbed/manual down
}

# --- bex-infra

bex() { "$binary" "$@" --name "$platform"; }

# Each step's line, with the time at which it came.
bex_up() {
  local begun=$EPOCHREALTIME line failed=
  while read -r line; do
    say "   bex-infra, $(since "$begun") s: $line"
    case $line in
      "✓ wait until the webhooks answer"*) note bex-infra "infra cluster ready" "$(since "$begun")" ;;
      "✓ wait for the control plane"*) note bex-infra "control plane initialised" "$(since "$begun")" ;;
      "✓ wait for "*" ready in "*) note bex-infra "worker Ready" "$(since "$begun")" ;;
      "error:"*) failed=$line ;;
    esac
    if [[ $line =~ ^✓\ (.*)\ \(([0-9.]+)\ s\)$ ]]; then note steps "$(step_name "${BASH_REMATCH[1]}")" "${BASH_REMATCH[2]}"; fi
  done < <(bex up local 2>&1)
  [ -z "$failed" ] || fail "bex-infra: $failed"
  note bex-infra up "$(since "$begun")"
}

# Names of objects carry hashes: the first words say enough.
step_name() { cut -d' ' -f1-7 <<<"${1%%,*}"; }

bex_side() {
  bex_up
  footprint bex-infra "$platform"
  measured bex-infra "second up" bex up local
  measured bex-infra "scale +1" bex scale workers +1
  measured bex-infra "scale -1" bex scale workers -1
  measured bex-infra down bex down local --yes
}

# --- both

# footprint SIDE PREFIX  memory of a platform's containers and its largest node volume, in MiB.
footprint() {
  local containers volumes
  mapfile -t containers < <(docker ps --format '{{.Names}}' | grep -E "^$2-")
  mapfile -t volumes < <(docker inspect --format '{{range .Mounts}}{{if eq .Type "volume"}}{{.Source}}{{"\n"}}{{end}}{{end}}' "${containers[@]}" | sort -u | sed '/^$/d')
  note "$1" "memory (MiB)" "$(docker stats --no-stream --format '{{.MemUsage}}' "${containers[@]}" | mebibytes)"
  note "$1" "largest node volume (MiB)" "$(du --summarize --block-size=1M "${volumes[@]}" | sort -n | tail -n 1 | cut -f1)"
}

# Adds up lines like `1.1GiB / 24GiB`.
mebibytes() { awk '/GiB \//{sum += $1 * 1024; next} {sum += $1} END {print sum}'; }

# start_time NAME COMMAND...  median of 50 starts, in milliseconds.
start_time() {
  local name=$1 begun _
  shift
  for _ in {1..50}; do
    begun=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    bc <<<"($EPOCHREALTIME - $begun) * 1000"
  done | sort -n | awk -v name="$name" '{all[NR] = $1} END {printf "| `%s` | %.1f |\n", name, (all[25] + all[26]) / 2}'
}

# median SIDE STAGE
median() {
  awk -F'\t' -v side="$1" -v stage="$2" '$1 == side && $2 == stage {print $3}' "$figures" | sort -n |
    awk '{all[NR] = $1} END {if (NR) print (NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2)}'
}

# row STAGE  one line of the comparison.
row() {
  local manual bex
  manual=$(median manual "$1") bex=$(median bex-infra "$1")
  awk -v stage="$1" -v manual="$manual" -v bex="$bex" 'BEGIN {
    printf "| %s | %s | %s | %s |\n", stage, manual == "" ? "" : sprintf("%.1f", manual),
      bex == "" ? "" : sprintf("%.1f", bex), manual == "" || bex == "" ? "" : sprintf("%.2f", bex / manual)
  }'
}

# stages SIDE  each stage of one side, in the order in which it came.
stages() {
  local stage
  cut -f1,2 "$figures" | awk -F'\t' -v side="$1" '$1 == side && !seen[$2]++ {print $2}' | while read -r stage; do
    printf '| %s | %.1f |\n' "$stage" "$(median "$1" "$stage")"
  done
}

machine() {
  echo "Machine: $(nproc) x $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "$(awk '/MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo) GiB, Linux $(uname -r)," \
    "Docker $(docker version --format '{{.Server.Version}}'), $("$binary" version), $(date -u +%F)."
}

report() {
  local stage
  machine
  printf '\nMedians of %s pairs, in seconds from the start of the bring-up, or of the command.\n\n' "$pairs"
  printf '| | by hand | bex-infra | ratio |\n|---|---:|---:|---:|\n'
  for stage in "infra cluster ready" "control plane initialised" "worker Ready" up "second up" "scale +1" "scale -1" down \
    "memory (MiB)" "largest node volume (MiB)"; do
    row "$stage"
  done
  printf '\n| by hand: stage | s |\n|---|---:|\n'
  stages manual | grep -E '^\| [a-z]+-[a-z]+ '
  printf '\n| bex-infra: step (some run side by side) | s |\n|---|---:|\n'
  stages steps
  printf '\n| start of the binary | ms |\n|---|---:|\n'
  start_time "bex-infra version" "$binary" version
  start_time "kind version" kind version
  CLUSTERCTL_DISABLE_VERSIONCHECK=true start_time "clusterctl version" clusterctl version --output short
}

for pair in $(seq "$pairs"); do
  say "pair $pair of $pairs"
  # Whoever goes second finds the machine warmer: they take turns.
  if ((pair % 2)); then manual_side; bex_side; else bex_side; manual_side; fi
done
report
