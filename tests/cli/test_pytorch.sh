# needs torch
# voxgan export, and docs/guide/pytorch.md: its program makes what synth makes, from exported models.
. tests/cli/lib.sh
/usr/bin/python3 -c 'import torch, nibabel, scipy' 2>/dev/null || { echo "skipped: no torch, nibabel or scipy for Python"; exit 77; }
sed -n '/^```python$/,/^```$/{/^```/d;p}' docs/guide/pytorch.md >"$T/recipe.py"
expect "the page has a program" [ -s "$T/recipe.py" ]
# PYTHON with onnxruntime runs the ONNX files too (make oracles).
python=${ORACLE_PYTHON:-/usr/bin/python3}
forms=torchscript
$python -c 'import onnxruntime' 2>/dev/null && forms="torchscript onnx" || echo "ONNX is not run: no onnxruntime for $python"
"$VOXGAN" phantom --out "$T/p" --subjects 2 --size 33 --seed 1 --anatomy 2>/dev/null || bad phantom
# Small numbers on a far background: synth then writes floats, which hold 1e-5 of the range.
/usr/bin/python3 - "$T/p" <<'P'
import glob, sys, nibabel, numpy
for path in glob.glob(sys.argv[1] + "/**/*.nii.gz", recursive=True):
    if path.endswith(("_seg.nii.gz", "_anat.nii.gz")): continue
    image = nibabel.load(path)
    v = image.get_fdata()
    nibabel.save(nibabel.Nifti1Image(numpy.where(v > 0, v / 1000, -50).astype("f4"), image.affine), path)
P
seg=$(find "$T/p" -name '*_seg.nii.gz' | sort | head -1)
train() { # OUT OPTION...
  local out=$1
  shift
  "$VOXGAN" train --data "$T/p" --out "$out" --set net.ngf=4 --set net.ndf=4 --set data.val_share=0 --set train.epochs=2 --set train.patch=32,32,32 \
    --set train.validate_every=0 "$@" 2>/dev/null || bad "train $*"
}

# same NAME: the recipe's images of both series, and synth's.
same() {
  expect_ok '' /usr/bin/python3 -c "
import glob, nibabel, numpy
for series in 't1', 'flair':
    ours = nibabel.as_closest_canonical(nibabel.load(sorted(glob.glob('$T/s/**/*_' + series + '.nii.gz', recursive=True))[0]))
    assert ours.get_data_dtype() == 'float32' and bytes(ours.header['descrip']).startswith(b'synthetic: voxgan ')
    own = nibabel.load('$T/own_' + series + '.nii.gz').get_fdata()
    ours = ours.get_fdata()
    inside = ours > -1
    span = numpy.ptp(ours[inside])
    assert span > 0.01 and (inside == (own > -1)).all()
    assert abs(own - ours)[inside].max() < 1e-5 * span, ('$1', series, abs(own - ours)[inside].max() / span)"
}

for kind in unet flat spade; do
  case $kind in
  flat) train "$T/$kind" --set data.series=t1,flair --set train.patch=1,32,32 ;;
  unet) train "$T/$kind" --set data.series=t1,flair ;;
  spade) train "$T/$kind" --set data.series=t1,flair --set net.generator=spade --set net.noise=true --set net.style=2 ;;
  esac
  rm -rf "$T/s"
  style=""
  [ $kind != spade ] || style="--style mean"
  "$VOXGAN" synth "$T/$kind" --labels "$T/p" --out "$T/s" --window whole --sheet 0 --seed 5 $style >/dev/null 2>&1 || bad synth
  cp "$T/recipe.py" "$T/run.py"
  if [ $kind = spade ]; then
    key=$(/usr/bin/python3 -c "
import csv
row = sorted(csv.DictReader(open('$T/s/manifest.csv')), key=lambda r: r['id'])[0]
print(row['seed'], '0x' + row['drawn'].split(';')[0].split(':')[1])")
    sed -i "s/^seed, key = .*/seed, key = ${key/ /, }/" "$T/run.py"
  fi
  for form in $forms; do
    ending=$([ $form = onnx ] && echo onnx || echo pt)
    expect_ok "$form, " "$VOXGAN" export "$T/$kind" --to $form --out "$T/$kind.$ending"
    expect_ok '' $python "$T/run.py" "$T/$kind.$ending" "$T/own" "${seg/_seg/_anat}" "$seg"
    same "$kind $form"
  done
done

# Maps of another voxel size are refused: the image would be wrong.
train "$T/coarse" --set data.series=t1,flair --set data.spacing=9
"$VOXGAN" export "$T/coarse" --to torchscript --out "$T/coarse.pt" 2>/dev/null || bad export
$python "$T/recipe.py" "$T/coarse.pt" "$T/own" "${seg/_seg/_anat}" "$seg" 2>"$T/stderr" && bad "a map of another voxel size is taken"
expect "and says so" grep -q 'voxels of .* mm, but the model learned from .*9.*: resample it first' "$T/stderr"

# Classes found in the scans: the recipe reads the maps that synth writes.
train "$T/found" --set data.series=t1,flair --set data.anatomy=clusters:t1=3,flair=2
rm -rf "$T/s"
"$VOXGAN" synth "$T/found" --labels "$T/p" --out "$T/s" --window whole --sheet 0 >/dev/null 2>&1 || bad synth
"$VOXGAN" export "$T/found" --to torchscript --out "$T/found.pt" 2>/dev/null || bad export
map=$(find "$T/s" -name '*_seg.nii.gz' | sort | head -1)
expect_ok '' /usr/bin/python3 "$T/recipe.py" "$T/found.pt" "$T/own" "${map/_seg/_anat}" "$map"
same "clusters"

# The other direction: a label map of an image.
train "$T/seg" --set train.direction=image2label --set data.series=t1 --set net.generator=unet_k3 --set data.anatomy=map \
  --set data.tumour=none
for views in one all; do
  [ $views = one ] || train "$T/seg" --overwrite --set train.direction=image2label --set data.series=t1 --set net.generator=unet_k3 --set data.anatomy=map \
    --set data.tumour=none --set net.views=all --set train.patch=48,32,1 --set net.levels=2
  rm -rf "$T/m"
  "$VOXGAN" synth "$T/seg" --images "$T/p" --out "$T/m" --window whole --sheet 0 >/dev/null 2>&1 || bad synth
  for form in $forms; do
    ending=$([ $form = onnx ] && echo onnx || echo pt)
    expect_ok "$form, " "$VOXGAN" export "$T/seg" --to $form --out "$T/seg.$ending" --overwrite
    expect_ok '' $python "$T/recipe.py" "$T/seg.$ending" "$T/own" "${seg/_seg/_t1}"
    expect_ok '' /usr/bin/python3 -c "
import glob, nibabel, numpy
path = [f for f in sorted(glob.glob('$T/m/**/*.nii.gz', recursive=True)) if '_anat' in f or 'dseg' in f][0]
ours = numpy.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj)
own = numpy.asarray(nibabel.load('$T/own_classes.nii.gz').dataobj)
assert len(numpy.unique(own)) > 2 and (own == ours).mean() == 1, ('$views', numpy.unique(own), numpy.unique(ours), (own == ours).mean())"
  done
done

# Equal bytes, and refusals.
if [ -e models/brain.safetensors ]; then
  expect_ok 'torchscript' "$VOXGAN" export models/brain.safetensors --to torchscript --out "$T/brain.pt"
  /usr/bin/python3 "$T/recipe.py" "$T/brain.pt" "$T/own" "${seg/_seg/_t1}" 2>"$T/said" && bad "a model of heads runs"
  expect "it says why" grep -q 'brain.pt: learned from whole heads' "$T/said"
fi
"$VOXGAN" export "$T/unet" --to torchscript --out "$T/again.pt" 2>/dev/null
expect "equal bytes" cmp -s "$T/unet.pt" "$T/again.pt"
expect_fail 2 'exists; --overwrite' "$VOXGAN" export "$T/unet" --to torchscript --out "$T/again.pt"
expect_ok 'torchscript' "$VOXGAN" export "$T/unet" --to torchscript --out "$T/again.pt" --overwrite
expect_ok 'onnx' "$VOXGAN" export "$T/unet" --to onnx --out "$T/again.pt" --overwrite
# A file of somebody else stays.
for other in scan.nii.gz words.txt box.zip; do
  head -c 3000 /dev/urandom >"$T/$other"
  [ $other = box.zip ] && printf 'PK\003\004' | cat - "$T/words.txt" >"$T/$other"
  sum=$(sha256sum <"$T/$other")
  expect_fail 2 "$other: holds something else than an exported model" "$VOXGAN" export "$T/unet" --to onnx --out "$T/$other" --overwrite
  expect "$other is unchanged" [ "$(sha256sum <"$T/$other")" = "$sum" ]
done
expect_fail 2 'must be torchscript or onnx' "$VOXGAN" export "$T/unet" --to tensorflow --out "$T/x"
expect_fail 3 'no model.safetensors' "$VOXGAN" export "$T/p" --to onnx --out "$T/x"
expect "nothing is left" [ ! -e "$T/x" ]
finish
