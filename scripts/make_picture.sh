#!/bin/sh
# make_picture.sh [QUICKSTART]: draws docs/picture.png, the picture of README.md, from the quickstart's results. It runs the
# quickstart first, which keeps what is finished. QUICKSTART defaults to build/quickstart. SKIP_RUN=1 only draws.
set -eu
cd "$(dirname "$0")/.."
quickstart=${1:-build/quickstart}
[ "${SKIP_RUN:-0}" = 1 ] || scripts/quickstart.sh "$quickstart"
/usr/bin/python3 -c 'import matplotlib, nibabel, numpy, PIL' || {
  echo "make_picture.sh: needs matplotlib, nibabel, numpy and Pillow; run scripts/setup.sh test" >&2
  exit 1
}
exec /usr/bin/python3 scripts/picture.py "$quickstart" docs/picture.png
