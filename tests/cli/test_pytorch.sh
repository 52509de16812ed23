# needs torch
# docs/guide/pytorch.md: its program makes the images that synth makes.
. tests/cli/lib.sh
/usr/bin/python3 -c 'import torch, nibabel' 2>/dev/null || { echo "skipped: no torch or nibabel for Python"; exit 77; }
sed -n '/^```python$/,/^```$/{/^```/d;p}' docs/guide/pytorch.md >"$T/recipe.py"
expect "the page has a program" [ -s "$T/recipe.py" ]
"$VOXGAN" phantom --out "$T/p" --subjects 2 --size 37 --seed 1 --anatomy 2>/dev/null || bad phantom
for skip in true false; do
  "$VOXGAN" train --data "$T/p" --out "$T/r-$skip" --set net.ngf=4 --set net.ndf=4 --set net.input_skip=$skip --set data.val_share=0 \
    --set train.epochs=20 --set train.validate_every=0 --set data.series=t1,flair 2>/dev/null || bad train
  "$VOXGAN" synth "$T/r-$skip" --labels "$T/p" --out "$T/s-$skip" --window whole --sheet 0 >/dev/null 2>&1 || bad synth
  seg=$(find "$T/p" -name '*_seg.nii.gz' | sort | head -1)
  expect_ok '' /usr/bin/python3 "$T/recipe.py" "$T/r-$skip/model.safetensors" "$T/own-$skip" "${seg/_seg/_anat}" "$seg"
  expect_ok '' /usr/bin/python3 -c "
import glob, nibabel, numpy
for series in 't1', 'flair':
    ours = nibabel.as_closest_canonical(nibabel.load(sorted(glob.glob('$T/s-$skip/**/*_' + series + '.nii.gz', recursive=True))[0])).get_fdata()
    own = nibabel.load('$T/own-${skip}_' + series + '.nii.gz').get_fdata()
    assert own.std() > 10, own.std()
    assert abs(own - ours).max() < 0.51, abs(own - ours).max()  # synth writes whole numbers
    assert numpy.corrcoef(own.ravel(), ours.ravel())[0, 1] > 0.9999"
done
finish
