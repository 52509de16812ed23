# needs torch
# Bad input: one line that names the file and the fault, and the documented exit code.
. tests/cli/lib.sh
export OMP_NUM_THREADS=1

"$VOXGAN" phantom --out "$T/good" --subjects 3 --size 32 --seed 5 2>/dev/null || bad "phantom"
id=$(ls "$T/good" | sort | head -1)
tiny="--layout brats2021 --set train.epochs=1 --set net.ngf=4 --set net.ndf=4 --set run.threads=1"
train() { "$VOXGAN" train --data "$1" --out "$T/run" $tiny --overwrite "${@:2}"; }
# broken NAME: a copy of the good data to spoil
broken() { rm -rf "$T/bad"; cp -r "$T/good" "$T/bad"; case_dir=$T/bad/$id; }

broken; head -c 500 "$T/good/$id/${id}_t1.nii.gz" >"$case_dir/${id}_t1.nii.gz"
expect_fail 3 "${id}_t1.nii.gz.*(truncated|ends)" train "$T/bad"
expect_fail 3 "${id}_t1.nii.gz.*(truncated|ends)" "$VOXGAN" inspect "$case_dir/${id}_t1.nii.gz"

broken; printf 'this is no volume at all, though it is named like one' | gzip >"$case_dir/${id}_t2.nii.gz"
expect_fail 3 "${id}_t2.nii.gz" train "$T/bad"

# spoil OFFSET BYTES: overwrites header bytes of the FLAIR
spoil() {
  broken
  gunzip "$case_dir/${id}_flair.nii.gz"
  printf "$2" | dd of="$case_dir/${id}_flair.nii" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
spoil 344 'abc\0'
expect_fail 3 "${id}_flair.nii.*magic" train "$T/bad"
spoil 42 '\377\177' # dim[1] = 32767
expect_fail 3 "${id}_flair.nii.*(bytes|voxels|larger|short|holds|mm long)" train "$T/bad"
spoil 70 '\040\000' # datatype complex64
expect_fail 3 "${id}_flair.nii.*(complex|datatype)" train "$T/bad"

/usr/bin/python3 - "$T" "$id" 2>/dev/null <<'P' && have_python=1 || have_python=0
import sys, nibabel as nib, numpy as np, shutil, os
T, i = sys.argv[1:]
def make(name, f):
    d = f"{T}/{name}"; shutil.copytree(f"{T}/good", d)
    f(f"{d}/{i}/{i}")
def nan(p):
    im = nib.load(p + "_t1.nii.gz"); a = im.get_fdata(); a[10, 10, 10] = np.nan
    nib.save(nib.Nifti1Image(a.astype(np.float32), im.affine), p + "_t1.nii.gz")
def grid(p):
    im = nib.load(p + "_seg.nii.gz"); a = np.asarray(im.dataobj)[:, :, :-1]
    nib.save(nib.Nifti1Image(a, im.affine), p + "_seg.nii.gz")
def shift(p):
    im = nib.load(p + "_seg.nii.gz"); m = im.affine.copy(); m[0, 3] += 2
    nib.save(nib.Nifti1Image(np.asarray(im.dataobj), m), p + "_seg.nii.gz")
def value(p):
    im = nib.load(p + "_seg.nii.gz"); a = np.asarray(im.dataobj).copy(); a[a == 4] = 7
    a[16, 16, 16] = 7
    nib.save(nib.Nifti1Image(a, im.affine), p + "_seg.nii.gz")
def half(p):
    im = nib.load(p + "_seg.nii.gz"); a = im.get_fdata(); a[16, 16, 16] = 1.5
    nib.save(nib.Nifti1Image(a.astype(np.float32), im.affine), p + "_seg.nii.gz")
for f in (nan, grid, shift, value, half): make(f.__name__, f)
P
if [ $have_python = 1 ]; then
  expect_fail 3 "${id}_t1.nii.gz.*(NaN|finite)" train "$T/nan"
  expect_fail 3 "${id}_(seg|t1|t1ce|t2|flair).nii.gz.*shape" train "$T/grid"
  expect_fail 3 "${id}_(seg|t1|t1ce|t2|flair).nii.gz.*mm" train "$T/shift"
  expect_fail 3 "${id}_seg.nii.gz.*value 7 .*voxel.*brats" train "$T/value"
  expect_fail 3 "${id}_seg.nii.gz.*1.5" train "$T/half"
else
  echo "skipped: volumes spoilt by nibabel (python3-nibabel is missing)"
fi

broken; rm "$case_dir/${id}_t2.nii.gz"
expect_fail 3 "$id.*(lacks|without|missing|no).*t2" train "$T/bad"
expect_ok 'trained|model' train "$T/bad" --set data.skip_incomplete=true

# A failed start leaves what an earlier run made.
mkdir -p "$T/empty"
expect_fail 3 "$T/empty.*" train "$T/empty"
expect_fail 3 "nowhere.*no such" train "$T/nowhere"
expect "the earlier model is still there" [ -s "$T/run/model.safetensors" ]
expect_fail 2 'unknown layout|no layout|layout brats2022' "$VOXGAN" train --data "$T/good" --layout brats2022 --out "$T/run2"

# ADNI: whose label volume it is must be beyond doubt, and its values FreeSurfer's.
scan() { mkdir -p "$T/adni/ADNI/002_S_0295/MPRAGE/$1/I$2"; cp "$T/good/$id/${id}_t1.nii.gz" "$T/adni/ADNI/002_S_0295/MPRAGE/$1/I$2/scan.nii.gz"; }
scan 2006-11-02_08_16_44.0 40966
mkdir -p "$T/adni/FreeSurfer/002_S_0295/mri"
cp "$T/good/$id/${id}_seg.nii.gz" "$T/adni/FreeSurfer/002_S_0295/mri/aparc+aseg.nii.gz"
expect_fail 3 'aparc\+aseg.nii.gz: label value 1 .*scheme freesurfer \(values of csf, ' \
  "$VOXGAN" train --data "$T/adni" --out "$T/run_adni" --set data.series=t1
scan 2007-11-02_08_16_44.0 40967
expect_fail 3 'aparc\+aseg.nii.gz could belong to .*I40966.* or to .*I40967' "$VOXGAN" inspect "$T/adni"
mv "$T/adni/FreeSurfer/002_S_0295" "$T/adni/FreeSurfer/002_S_0295_I7"
expect_fail 3 '_I7/mri/aparc\+aseg.nii.gz .by its image number. belongs to no image, and .*I40966' "$VOXGAN" inspect "$T/adni"
rm -r "$T/adni/FreeSurfer"
expect_fail 3 '002_S_0295_I40966.*lacks an anatomy map' "$VOXGAN" train --data "$T/adni" --out "$T/run_adni" --set data.series=t1 --set data.anatomy=map

# Unwritable output: below a file, so that it fails for root too.
: >"$T/file"
expect_fail 1 "$T/file: cannot make" "$VOXGAN" train --data "$T/good" --out "$T/file/run" $tiny
expect_fail 2 "holds a run already" "$VOXGAN" train --data "$T/good" --out "$T/run" $tiny
expect_fail 2 "data.cache|unknown setting" "$VOXGAN" train --data "$T/good" --out "$T/run3" --set data.cash=x

# Models: not one, a cut one, one of another scheme.
expect_fail 3 'file' "$VOXGAN" synth "$T/file" --labels "$T/good" --out "$T/s"
model=$T/run/model.safetensors
head -c 3000 "$model" >"$T/cut.safetensors"
expect_fail 3 'cut.safetensors' "$VOXGAN" synth "$T/cut.safetensors" --labels "$T/good" --out "$T/s"
"$VOXGAN" phantom --out "$T/healthy" --subjects 2 --size 32 --layout bids 2>/dev/null
expect_fail 3 'tumour' "$VOXGAN" synth "$model" --labels "$T/healthy" --out "$T/s"
expect_ok '' "$VOXGAN" train --data "$T/healthy" --out "$T/run_healthy" --set data.series=t1 --set train.epochs=1 --set net.ngf=4 --set net.ndf=4 --set run.threads=1
expect_fail 3 '(csf|anatomy)' "$VOXGAN" synth "$T/run_healthy" --labels "$T/good" --out "$T/s"
expect_fail 3 'scheme brats|knows|necrosis' "$VOXGAN" synth "$T/run_healthy" --labels "$T/healthy" --layout bids --anatomy-scheme '1=necrosis,2=oedema,3=enhancing' --out "$T/s"
expect_fail 1 "$T/file.*(cannot make|cannot open folder)" "$VOXGAN" synth "$model" --labels "$T/good" --out "$T/file/s"
expect_fail 4 'cuda|CUDA' "$VOXGAN" synth "$model" --labels "$T/good" --out "$T/s" --device cuda:7
expect_fail 4 'module' env VOXGAN_MODULES=/nonexistent "$VOXGAN" synth "$model" --labels "$T/good" --out "$T/s"
# Too little memory, by the estimate and in the middle of a step: the message names a size that fits.
fits='what would fit in [0-9.]* GiB: .*train.patch=[0-9]+,[0-9]+,[0-9]+ \([0-9.]* GiB\)'
expect_fail 4 "a step on 1024 x 512x512x512 voxels needs about [0-9.]* GiB, and there are [0-9.]* GiB \\(limit: [^)]*\\); $fits" \
  train "$T/good" --set train.batch=1024 --set train.patch=512,512,512
# Too little address space for libtorch to load, which would abort or wait for ever: one line.
for mib in 300 450 600 650 675 700; do
  expect_fail 4 'not enough memory: .*ulimit -v|failed to map segment' \
    bash -c "ulimit -v $((mib * 1024)); exec timeout -k 5 100 '$VOXGAN' train --data '$T/good' --out '$T/run_space' $tiny"
done
# Enough to load libtorch, which with CUDA takes many times what it takes without, and not enough for a step of 2 GiB.
kib=1000000
until (ulimit -v $kib; "$VOXGAN" train --data "$T/good" --out "$T/dry" $tiny --dry-run) >/dev/null 2>&1 || [ $kib -gt 50000000 ]; do
  kib=$((kib + 500000))
done
expect_fail 4 "(epoch 1, step 1: .*(out of|allocate) memory.*|not enough memory): a step on 1 x 128x128x128 voxels needs about .*; $fits" \
  bash -c "ulimit -v $((kib + 300000)); exec '$VOXGAN' train --data '$T/good' --out '$T/run' $tiny --overwrite --set train.patch=128,128,128 \
    --set net.ngf=32 --set net.ndf=32 --set train.samples=2"

finish
