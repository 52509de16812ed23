#!/bin/sh
# container.sh build DIR: in a Debian tree with the sources, builds voxgan and installs it below DIR. container.sh run: in another
# tree that has what is in DIR, installs the packages that voxgan needs to run, and tries it. For Dockerfile and voxgan.def.
set -eu
cd "$(dirname "$0")/.."
case $1 in
build)
  scripts/setup.sh build torch
  # The copied sources may hold a build folder of another machine.
  make -s B=build/container -j"${JOBS:-$(nproc)}"
  make -s B=build/container DESTDIR="$2" install
  here=$2/usr/local/share/voxgan/container
  mkdir -p "$here/packaging" "$here/scripts"
  cp packaging/container.sh "$here/packaging/"
  cp scripts/setup.sh scripts/packages.sh "$here/scripts/"
  ;;
run)
  scripts/setup.sh run
  rm -rf /var/lib/apt/lists/*
  ldconfig
  voxgan --version
  ;;
*)
  echo "container.sh: build DIR, or run" >&2
  exit 2
  ;;
esac
