#!/bin/sh
# check_tree.sh deb|container [TREE]: as root, makes a Debian 12 tree with debootstrap (or takes TREE, which is altered) and tries a
# package in it: deb installs the packages of `make deb`, runs the steps of the quickstart and removes them again; container runs
# the steps of Dockerfile and voxgan.def, each stage in a tree of its own.
set -eu
cd "$(dirname "$0")/.."
kind=$1
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
tree=${2:-}
made=
clean() {
  umount "$tree/proc" "$tree.final/proc" 2>/dev/null || true
  rm -rf --one-file-system "$tree.final" ${made:+"$tree"}
}
if [ -z "$tree" ]; then
  tree=$(mktemp -d)
  made=1
  debootstrap --variant=minbase bookworm "$tree" "$mirror" >"$tree.log" 2>&1 || { tail "$tree.log" >&2; exit 1; }
fi
trap clean EXIT
in_tree() { # TREE COMMAND...
  root=$1
  shift
  mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
  chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive JOBS="${JOBS:-2}" "$@"
}
cp /etc/resolv.conf "$tree/etc/resolv.conf"
echo "deb $mirror bookworm main" >"$tree/etc/apt/sources.list"
cp packaging/steps.sh "$tree/root/"

case $kind in
deb)
  cp build/deb/*.deb "$tree/root/"
  in_tree "$tree" apt-get update -qq
  in_tree "$tree" sh -c 'apt-get install -y -qq --no-install-recommends /root/voxgan_*.deb >/root/apt.log 2>&1 || { tail /root/apt.log; exit 1; }'
  in_tree "$tree" voxgan --version
  in_tree "$tree" sh /root/steps.sh /root/steps
  in_tree "$tree" sh -c 'apt-get purge -y -qq voxgan >/dev/null 2>&1'
  left=$(find "$tree/usr" "$tree/etc" -name '*voxgan*' | head -5)
  [ -z "$left" ] || { echo "left behind: $left" >&2; exit 1; }
  echo "check_tree: installed, run and removed"
  ;;
container)
  cp -a "$tree" "$tree.final" # before anything that building needs is there
  mkdir -p "$tree/voxgan"
  git ls-files -z | xargs -0 tar c | tar x -C "$tree/voxgan"
  in_tree "$tree" /voxgan/packaging/container.sh build /out
  cp -a "$tree/out/." "$tree.final/"
  in_tree "$tree.final" /usr/local/share/voxgan/container/packaging/container.sh run
  in_tree "$tree.final" sh /root/steps.sh /root/steps
  in_tree "$tree.final" sh -c '! command -v gcc' # the final stage is the small one
  echo "check_tree: the container's steps are done"
  ;;
esac
