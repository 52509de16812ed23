# The picture of README.md: a column for the real phantom and one for each network, all from one slice.
. tests/cli/lib.sh
if ! /usr/bin/python3 -c 'import matplotlib, nibabel, numpy, PIL' 2>/dev/null; then
  echo "[  SKIPPED ] needs matplotlib, nibabel, numpy and Pillow"
  finish
fi

rows=$(/usr/bin/python3 scripts/picture.py --rows | tr , ' ')
for row in $rows; do
  expect "bench_images.py knows the row $row" grep -q "^    \"$row\":" bench/bench_images.py
done

"$VOXGAN" phantom --out "$T/parts/test" --subjects 2 --size 32 --anatomy 2>/dev/null || bad phantom
for row in $rows; do
  mkdir -p "$T/$row-1/synth"
  { # what synth writes, with the real files in place of images
    echo id,t1,t1c,t2,flair,source
    for s in BraTS2021_00001 BraTS2021_00002; do
      at=../../parts/test/$s/$s
      echo "synth-$s,${at}_t1.nii.gz,${at}_t1ce.nii.gz,${at}_t2.nii.gz,${at}_flair.nii.gz,$s"
    done
  } >"$T/$row-1/synth/manifest.csv"
done
expect_ok 'picture.png: slice' /usr/bin/python3 scripts/picture.py "$T" "$T/picture.png"
cat >"$T/look.py" <<'P'
"""Every network's column is that of the real images here, below its title."""
import sys
import numpy
from PIL import Image
shade = numpy.asarray(Image.open(sys.argv[1]).convert("L"), dtype=int)[int(sys.argv[3]):]
white = (shade == 255).all(0)
starts = [x for x in range(1, len(white)) if white[x - 1] and not white[x]]
ends = [x for x in range(1, len(white)) if white[x] and not white[x - 1]]
columns = [shade[:, a:b] for a, b in zip(starts, ends)][-(int(sys.argv[2]) + 1):]
assert len(columns) == int(sys.argv[2]) + 1, len(columns)
assert columns[0].std() > 20
assert all(c.shape == columns[0].shape and (c == columns[0]).all() for c in columns), [c.shape for c in columns]
P
expect_ok '' /usr/bin/python3 "$T/look.py" "$T/picture.png" "$(echo "$rows" | wc -w)" 38
finish
