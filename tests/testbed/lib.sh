# Shared by the testbed's entry points: where things live, how a stage is run once, how progress reads.
# shellcheck shell=bash

set -euo pipefail

testbed=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Everything made here lives below one directory; removing it starts from nothing.
cache=${BEX_TESTBED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bex-infra-testbed}
bin=$cache/bin             # binaries by name: kubelet, kubeadm, kubectl, kind, clusterctl, ...
upstream=$cache/upstream   # what a registry would deliver: catalog.yaml and manifests
mkdir -p "$cache/stages" "$bin" "$upstream"
# What was built here comes first; the docker client unpacked here serves only a machine that has none.
PATH=$bin:$PATH:$cache/stages/docker-engine/usr/bin

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "error: $*"
  exit 1
}

# Fingerprints the given files, folders and plain words: a stage runs again only when one of them changed.
fingerprint() {
  local input
  for input in "$@"; do
    if [ -d "$input" ]; then
      (cd "$input" && find . -type f -print0 | sort -z | xargs -0 sha256sum)
    elif [ -f "$input" ]; then
      sha256sum <"$input"
    else
      printf '%s\n' "$input"
    fi
  done | sha256sum | cut -c1-16
}

# stage NAME INPUT...  runs the function stage_NAME (dashes become underscores) unless it ran with these inputs.
# The function gets an empty directory as $1; that directory becomes $cache/stages/NAME when it succeeded,
# so an interrupted stage leaves nothing that a later run could take for finished.
stage() {
  local name=$1 started=$SECONDS mark work
  shift
  mark=$(fingerprint "$@")
  if [ "$(cat "$cache/stages/$name/.fingerprint" 2>/dev/null)" = "$mark" ]; then
    say " = $name (unchanged)"
    return
  fi
  say " > $name"
  work=$cache/stages/.$name.partial
  rm -rf "$work" && mkdir -p "$work"
  local status=0
  # Not in an `if`: bash would switch `set -e` off inside the stage.
  set +e
  (
    set -e
    "stage_${name//-/_}" "$work"
  ) >"$cache/stages/$name.log" 2>&1
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    tail -n 30 "$cache/stages/$name.log" >&2
    fail "stage $name failed after $((SECONDS - started)) s; its whole log: $cache/stages/$name.log"
  fi
  printf '%s\n' "$mark" >"$work/.fingerprint"
  rm -rf "${cache:?}/stages/$name" && mv "$work" "$cache/stages/$name"
  say " + $name ($((SECONDS - started)) s)"
}
