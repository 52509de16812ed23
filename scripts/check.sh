#!/bin/sh
# check.sh: sets everything up, builds, and passes the tests.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh build torch test
exec make -s -j"$(nproc)" check
