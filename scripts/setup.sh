#!/bin/sh
# setup.sh [build|--build] [torch] [test] [run]: installs the Debian packages that are missing: build, torch and test when none is
# named. run is what a built voxgan needs.
# Idempotent; prints what it installs. If the user may not install, it prints the exact line to run and exits 1.
set -eu
cd "$(dirname "$0")/.."
. scripts/packages.sh

[ $# -gt 0 ] || set -- build torch test
wanted=
for group in "$@"; do
  case $group in
  build | --build) wanted="$wanted $BUILD_PACKAGES" ;;
  torch) wanted="$wanted $TORCH_PACKAGES" ;;
  test) wanted="$wanted $TEST_PACKAGES" ;;
  run) wanted="$wanted $RUN_PACKAGES $RUN_TORCH_PACKAGES" ;;
  *) echo "setup.sh: unknown group $group (build, torch, test, run)" >&2; exit 2 ;;
  esac
done

missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

install="apt-get update && apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
  echo "setup.sh: installing$missing"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
elif sudo -n true 2>/dev/null; then
  echo "setup.sh: installing (by sudo)$missing"
  sudo -n sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null"
else
  echo "setup.sh: packages are missing and this user may not install them; run:" >&2
  echo "  sudo sh -c '$install'" >&2
  exit 1
fi
