# Fills the containerd store of a node image. Run inside a container of that image whose /mnt is a volume: containerd's
# overlay file systems cannot lie on Docker's. `start`: serve a copy of the store from there; `finish`: bring it back.
set -euo pipefail
store=/mnt/containerd
overlay=io.containerd.snapshotter.v1.overlayfs

start() {
  cp -a /var/lib/containerd "$store"
  containerd --root "$store" >/mnt/log 2>&1 &
  echo $! >/mnt/pid
  for _ in $(seq 300); do
    if ctr version >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  tail -n 20 /mnt/log >&2
  return 1
}

stopped() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

stop() {
  local pid
  pid=$(</mnt/pid)
  kill "$pid"
  until stopped "$pid"; do sleep 0.1; done
}

# Every node copies the image's /var into a volume of its own. The unpacked images stay out of it.
share_snapshots() {
  local snapshot
  mkdir -p /kind/snapshots
  for snapshot in "$store/$overlay"/snapshots/*; do
    [ ! -L "$snapshot" ] || continue
    mv "$snapshot" /kind/snapshots/
    ln -s "/kind/snapshots/${snapshot##*/}" "$snapshot"
  done
}

finish() {
  # Deleting a lease this way collects garbage at once: the packed layers that nobody needs any more.
  ctr --namespace k8s.io leases create --id finish >/dev/null
  ctr --namespace k8s.io leases delete --sync finish >/dev/null
  stop
  share_snapshots
  # Only what is new or changed: the rest would be stored a second time.
  cp -a --update "$store"/{io.containerd.content.v1.content,io.containerd.metadata.v1.bolt,"$overlay"} /var/lib/containerd/
}

"$1"
