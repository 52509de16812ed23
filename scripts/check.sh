#!/bin/sh
# check.sh: installs the packages, builds, and runs the tests.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh build torch test
exec make -s -j"$(nproc)" check
