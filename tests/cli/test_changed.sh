# needs torch
# A run continues only as what it was: settings that define it, and data that changed since it began. And a model on data unlike
# those that it learned on: other voxels, a background beyond int16.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 3 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
gunzip "$T"/p/*/*.gz
run="--data $T/p --layout brats2021 --threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set train.epochs=1"
expect_ok 'trained' "$VOXGAN" train $run --out "$T/r"
model=$(sha256sum <"$T/r/model.safetensors")
inputs=$(sha256sum <"$T/r/inputs.json")
expect "each subject's files are recorded" [ "$(grep -oE '"[0-9a-f]{64}"' "$T/r/inputs.json" | sort -u | wc -l)" = 3 ]

refuse() {
  expect_fail 2 "$T/r: .*$1.*this defines the run and cannot change on --resume" "$VOXGAN" train $run --out "$T/r" --resume --set train.epochs=2 "${@:2}"
}
refuse 'train.direction was "label2image" and is "image2label" now' --set train.direction=image2label
refuse 'data.series was "t1,t1c,t2,flair" and is "flair,t2,t1c,t1" now' --set data.series=flair,t2,t1c,t1
refuse 'data.tumour was "auto" and is "none" now' --set data.tumour=none
refuse 'run.seed was "1" and is "2" now' --set run.seed=2
refuse 'net.ngf was "4" and is "5" now, data.*|data.spacing was "0" and is "2" now, net.ngf was "4" and is "5" now' --set net.ngf=5 --set data.spacing=2
refuse 'train.patch was "[0-9,]*" and is "8,8,8" now' --set train.patch=8,8,8
expect "refusing changes nothing" [ "$model" = "$(sha256sum <"$T/r/model.safetensors")" ]
expect_ok 'train.lr_g is 0.0001 from here on; it was 0.0002' "$VOXGAN" train $run --out "$T/r" --resume --set train.epochs=2 --set train.lr_g=1e-4
expect "unchanged data are not reported" sh -c "! grep -q 'since the run began' '$T/stderr'"

# The same size, times put back, in the same file.
f=$(ls "$T"/p/*/*_t1.nii | head -1)
touch -r "$f" "$T/stamp"
printf '\4' | dd of="$f" bs=1 seek=$(($(stat -c %s "$f") / 2)) conv=notrunc 2>/dev/null
touch -r "$T/stamp" "$f"
id=$(basename "$(dirname "$f")")
expect_ok "1 subject changed since the run began: $id" "$VOXGAN" train $run --out "$T/r" --resume --set train.epochs=3
expect "and prepared again" [ "$(ls "$T"/voxgan-cache/*.case | wc -l)" = 4 ]
expect_ok "1 subject changed since the run began: $id" "$VOXGAN" train $run --out "$T/r" --resume --set train.epochs=4
expect "what the run began with is kept" [ "$inputs" = "$(sha256sum <"$T/r/inputs.json")" ]

# A folder without a run keeps what a run would write over.
for name in inputs.json previews; do
  rm -rf "$T/mine" && mkdir "$T/mine" && echo mine >"$T/mine/$name"
  expect_fail 2 "holds $name, which is not of a run" "$VOXGAN" train $run --out "$T/mine" --overwrite
  expect "$name stays" grep -qx mine "$T/mine/$name"
done

# Classes that come from the data: without its anatomy maps the brain is one class.
mkdir "$T/maps"
mv "$T"/p/*/*_anat.nii "$T/maps"
refuse_data='the classes were "csf, gm, wm, .*" and are "brain, .*" now, because the data changed'
expect_fail 2 "$T/r: $refuse_data" "$VOXGAN" train $run --out "$T/r" --resume --set train.epochs=3
expect "and the weights stay" [ -s "$T/r/model.safetensors" ]
for map in "$T"/maps/*; do mv "$map" "$T/p/$(basename "$map" _anat.nii)/"; done

# A model that learned on voxels of one size is given others.
voxels=$("$VOXGAN" inspect --json "$f" | tr -d ' \n' | sed 's/.*"spacing":\[\([0-9.]*\),.*/\1/')
/usr/bin/python3 - "$T" "$voxels" <<'E2'
import glob, os, sys
import nibabel as nib, numpy as np
t, mm = sys.argv[1], float(sys.argv[2])
for name, zoom in (("half", 2), ("same", 1)):
    for f in glob.glob(t + "/p/*/*.nii"):
        im = nib.load(f)
        x = np.asarray(im.dataobj)
        for a in range(3): x = x.repeat(zoom, a)
        affine = im.affine.copy()
        affine[:3, :3] /= zoom
        to = f.replace(t + "/p/", t + "/" + name + "/")
        os.makedirs(os.path.dirname(to), exist_ok=True)
        out = nib.Nifti1Image(x, affine)
        out.set_sform(affine, 1)
        out.set_qform(affine, 1)
        nib.save(out, to)
E2
expect_ok 'but the model learned on others: resampled to' "$VOXGAN" synth "$T/r" --labels "$T/half" --layout brats2021 --out "$T/s-half" --sheet 0
expect_ok '' "$VOXGAN" synth "$T/r" --labels "$T/same" --layout brats2021 --out "$T/s-same" --sheet 0
expect "voxels that it knows are not reported" sh -c "! grep -q 'learned on' '$T/stderr'"
made=$(find "$T/s-half" -name '*_t1*.nii.gz' | head -1)
expect "the image has the labels' own grid" [ "$("$VOXGAN" inspect --json "$made" | tr -d ' \n' | sed 's/.*\("shape":[^]]*\].*"spacing":[^]]*\]\).*/\1/')" = \
  "$("$VOXGAN" inspect --json "$(ls "$T"/half/*/*_seg.nii | head -1)" | tr -d ' \n' | sed 's/.*\("shape":[^]]*\].*"spacing":[^]]*\]\).*/\1/')" ]

# Backgrounds that int16 cannot hold, with the intensities or at all.
for background in -100000 -40000 0.5 -1e9; do
  rm -rf "$T/b"
  /usr/bin/python3 - "$T" "$background" <<'E2'
import glob, os, sys
import nibabel as nib, numpy as np
t, bg = sys.argv[1], float(sys.argv[2])
for f in glob.glob(t + "/p/*/*.nii"):
    im = nib.load(f)
    x = np.asarray(im.dataobj).astype(np.float32 if "seg" not in f and "_anat." not in f else np.uint8)
    if x.dtype == np.float32 : x[x == 0] = bg
    to = f.replace(t + "/p/", t + "/b/")
    os.makedirs(os.path.dirname(to), exist_ok=True)
    nib.save(nib.Nifti1Image(x, im.affine), to)
E2
  "$VOXGAN" train ${run//$T\/p/$T\/b} --out "$T/rb" --overwrite --quiet || bad "train with a background of $background"
  expect_ok '' "$VOXGAN" synth "$T/rb" --labels "$T/b" --layout brats2021 --out "$T/sb$background" --sheet 0
  expect "background $background is kept" /usr/bin/python3 -c "
import glob, sys, numpy as np, nibabel as nib
x = nib.load(sorted(glob.glob('$T/sb$background/*/*_t1.nii.gz'))[0]).get_fdata()
sys.exit(not (x[0, 0, 0] == np.float32($background) and len(np.unique(x)) > 50))"
done
finish
