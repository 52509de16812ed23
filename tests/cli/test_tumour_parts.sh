# needs torch
# Tumours divided into parts by intensity: networks know them, edits move them along, label maps are written without them.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
one="--tumour-scheme 1=tumour:tumour,2=tumour:tumour,4=tumour:tumour"
tiny="$one --layout brats2021 --threads 1 --set net.ngf=8 --set net.ndf=4 --set net.levels=3 --set net.input_skip=true --set train.patch=32,32,1 --set data.val_share=0
  --set data.series=t1,flair --set train.validate_every=0 --set train.batch=8 --set train.lr_g=4e-3"
v phantom --out "$T/p" --subjects 4 --size 32 --seed 2 --anatomy 2>/dev/null || bad phantom
# The inside of each tumour gets a structure that its classes do not show: bright and dark halves.
/usr/bin/python3 - "$T/p" <<'P'
import glob, sys, nibabel, numpy
for path in glob.glob(sys.argv[1] + "/**/*_seg.nii.gz", recursive=True):
    tumour = numpy.asarray(nibabel.load(path).dataobj) > 0
    for series in "t1", "flair":
        image = nibabel.load(path.replace("_seg", "_" + series))
        data = image.get_fdata()
        level = numpy.median(data[data > 0])
        half = tumour & ((numpy.indices(data.shape).sum(0) // 4) % 2 == 0)
        data[tumour] = 0.6 * level
        data[half] = 1.4 * level
        nibabel.save(nibabel.Nifti1Image(data.astype("f4"), image.affine), image.get_filename())
P
parts="--set data.tumour_parts=t1=2,flair=2"
expect_ok 't1-flair_part1-1_tumour, .*t1-flair_part2-2_tumour$' v train --data "$T/p" --out "$T/r" $tiny $parts --set train.samples=32 --set train.epochs=12
v train --data "$T/p" --out "$T/plain" $tiny --set train.samples=32 --set train.epochs=12 2>/dev/null || bad train

synth() { v synth "$1" $one --labels "$T/p" --out "$2" --threads 1 --sheet 0 --format bids "${@:3}"; }
expect_ok '4 cases made' synth "$T/r" "$T/s"
expect_ok '4 cases made' synth "$T/plain" "$T/sp"
expect_ok '4 cases made' synth "$T/r" "$T/e" --edit 'scale:factor=1.3' --edit 'rotate:random'
expect_ok '4 cases made' synth "$T/r" "$T/g" --edit 'graft' --seed 3
expect "the description says that they copy structure" grep -q 'parts by the intensities of each source.s own tumour' "$T/s/dataset_description.json"
expect "records and manifest know the classes of the data" sh -c "head -1 '$T/e/manifest.csv' | grep -q ',tumour_ml' && ! grep -rq '_part' '$T/e'"
expect "maps as they were, images with the structure inside" /usr/bin/python3 -c "
import glob, nibabel, numpy
read = lambda pattern: numpy.asarray(nibabel.load(glob.glob(pattern)[0]).dataobj)
score = {}
for run in 's', 'sp':
    for made, real in zip(sorted(glob.glob('$T/' + run + '/sub-*')), sorted(glob.glob('$T/p/*_0*')), strict=True):
        seg = read(made + '/anat/*seg-tumour*dseg.nii.gz') > 0
        assert (seg == (read(real + '/*_seg.nii.gz') > 0)).all()
        score.setdefault(run, []).append(numpy.corrcoef(read(made + '/anat/*FLAIR.nii.gz')[seg], read(real + '/*_flair.nii.gz')[seg])[0, 1])
print(score)
assert all(a > 0.75 and a > b + 0.2 for a, b in zip(score['s'], score['sp'])), score"
expect "an edited tumour keeps its structure" /usr/bin/python3 -c "
import glob, nibabel, numpy
read = lambda pattern: numpy.asarray(nibabel.load(glob.glob(pattern)[0]).dataobj)
for made in glob.glob('$T/[eg]/sub-*'):
    seg = read(made + '/anat/*seg-tumour*dseg.nii.gz')
    dark, bright = numpy.percentile(read(made + '/anat/*FLAIR.nii.gz')[seg > 0], [15, 85])
    assert set(numpy.unique(seg)) == {0, 1} and bright > 1.5 * dark, (made, dark, bright)"

# Drawn again: other places inside the tumour, as much of each part, and the brain as it was.
expect_ok '8 cases made' synth "$T/r" "$T/d" --per-case 2 --resample tumour
for shard in 2/3 3/3 1/3; do synth "$T/r" "$T/shards" --per-case 2 --resample tumour --shard $shard 2>/dev/null || bad "shard $shard"; done
v synth --finish "$T/shards" --sheet 0 >/dev/null 2>&1
expect "shards draw the same" diff -r "$T/d" "$T/shards"
expect_ok '8 cases made' synth "$T/r" "$T/d2" --per-case 2 --resample tumour --seed 2
expect "manifest and description say so" sh -c "grep -c 'tumour=[0-9a-f]\{16\}' '$T/d/manifest.csv' | grep -qx 8 && ! grep -rq '_part' '$T/d' && grep -q 'parts that were drawn again' '$T/d/dataset_description.json'"
expect_ok 'cases are like the case, and differ' /usr/bin/python3 tests/oracle/redraw_oracle.py "$T/p" "$T/s" "$T/d" "$T/d2"
expect_fail 2 'needs a model with net.noise, and --noise above 0, or a model with data.tumour_parts' synth "$T/plain" "$T/x" --resample tumour
expect_ok 'the 2 images of each label map will be equal' synth "$T/plain" "$T/equal" --per-case 2

expect_ok 'tumours have 3 classes, so data.tumour_parts does not divide them' v train --data "$T/p" --layout brats2021 --out "$T/dry" --dry-run --threads 1 \
  --set net.ngf=4 --set net.ndf=4 --set net.levels=3 --set train.patch=32,32,1 --set data.series=t1,flair $parts

# A class that the model does not know, and that no map shows, leaves the others divided.
expect_ok '4 cases made' v synth "$T/r" --tumour-scheme 1=tumour:tumour,2=tumour:tumour,4=tumour:tumour,5=cyst:tumour --labels "$T/p" --out "$T/c" --threads 1 --sheet 0 --format bids
expect "tumours beside another class have the same structure" sh -c "cmp '$T'/s/sub-*1/anat/*FLAIR.nii.gz '$T'/c/sub-*1/anat/*FLAIR.nii.gz"
# Names of a data set's own classes that look like those of parts.
for own in 1=a_part1_core:tumour,2=a_part2_core:tumour,4=rim:tumour 1=t1_part1_core:tumour,2=t1_part2_core:tumour,4=t1_part2_core:tumour; do
  rm -rf "$T/own"
  expect_ok '4 cases made' v edit --tumour-scheme $own --labels "$T/p" --out "$T/own" --edit scale:factor=0.9 --sheet 0 --format bids
  expect "they stay two classes" grep -q '_part1_core_ml,.*_part2_core_ml' "$T/own/manifest.csv"
done
own=1=t1_part1_core:tumour,2=t1_part2_core:tumour,4=t1_part2_core:tumour
expect_ok '' v train --data "$T/p" --out "$T/ro" ${tiny#"$one"} --tumour-scheme $own --set train.samples=8 --set train.epochs=1
expect_ok '4 cases made' v synth "$T/ro" --tumour-scheme $own --labels "$T/p" --out "$T/so" --threads 1 --sheet 0 --format bids

# A run that starts from a model takes its limits, whatever the data are, and keeps them on --resume.
limits() { /usr/bin/python3 -c "
import json, struct, sys
b = open(sys.argv[1], 'rb').read()
print(json.loads(json.loads(b[8:8 + struct.unpack('<Q', b[:8])[0]])['__metadata__']['prep'])['part_limits'])" "$1/model-last.safetensors"; }
/usr/bin/python3 - "$T/p" "$T/other" <<'P'
import glob, shutil, sys, nibabel, numpy
shutil.copytree(*sys.argv[1:])
for path in glob.glob(sys.argv[2] + "/**/*_seg.nii.gz", recursive=True):
    tumour = numpy.asarray(nibabel.load(path).dataobj) > 0
    for series in "t1", "flair":
        image = nibabel.load(path.replace("_seg", "_" + series))
        data = image.get_fdata()
        data[tumour] *= 0.3
        nibabel.save(nibabel.Nifti1Image(data.astype("f4"), image.affine), image.get_filename())
P
short="$tiny $parts --set train.samples=8 --set train.epochs=1"
expect_ok '' v train --data "$T/other" --out "$T/alone" $short
expect_ok '' v train --data "$T/other" --out "$T/init" $short --init "$T/r"
expect_ok '' v train --data "$T/other" --out "$T/init" $short --set train.epochs=2 --resume
expect "other data have other limits" [ "$(limits "$T/r")" != "$(limits "$T/alone")" ]
expect "those of the model" [ "$(limits "$T/r")" = "$(limits "$T/init")" ]
expect_ok 'warning: .*step-[0-9]*.safetensors does not say where it divides tumours' v train --data "$T/other" --out "$T/from" $short --init "$(ls "$T"/r/checkpoints/step-*.safetensors | tail -1)"
# Limits are learned from 64 evenly selected subjects; if none of these has a tumour, from the others.
v phantom --out "$T/many" --subjects 66 --size 16 --seed 2 --anatomy 2>/dev/null || bad phantom
/usr/bin/python3 - "$T/many" <<'P'
import glob, sys, nibabel, numpy
for i, path in enumerate(sorted(glob.glob(sys.argv[1] + "/**/*_seg.nii.gz", recursive=True))):
    image = nibabel.load(path)
    if i in (32, 65): continue  # those behind the selected ones
    nibabel.save(nibabel.Nifti1Image(numpy.zeros(image.shape, "u1"), image.affine), path)
P
expect_ok '' v train --data "$T/many" --out "$T/rm" ${short/train.patch=32,32,1/train.patch=16,16,1}

# A warning names a model that was trained with another way to divide.
mkdir "$T/old" && sed 's/clusters\\":2/clusters\\":1/' "$T/r/model.safetensors" >"$T/old/model.safetensors"
expect "the model says how it divides" sh -c "! cmp -s '$T/r/model.safetensors' '$T/old/model.safetensors'"
expect_ok 'another version of voxgan trained it, .* train it again' synth "$T/old" "$T/o"
v synth "$T/r" $one --labels "$T/p" --out "$T/s2" --threads 1 --sheet 0 --format bids 2>"$T/said"
expect "today's is not" sh -c "! grep -q 'another version' '$T/said'"

# Refused: tumours without intensities, missing series, wrong settings.
expect_fail 2 'a grown tumour has none: use graft' synth "$T/r" "$T/x" --edit 'remove' --edit 'grow:ml=5'
cp -r "$T/p" "$T/healthy" && find "$T/healthy" -name '*_seg.nii.gz' -delete
for seen in "$one" ""; do
  rm -rf "$T/x"
  expect_fail 2 'a grown tumour has none: use graft' v synth "$T/r" $seen --labels "$T/healthy" --out "$T/x" --threads 1 --sheet 0 --edit grow:ml=5
done
expect_fail 3 'lacks a tumour map; an edit can bring the tumour \(--edit graft' v synth "$T/r" $one --labels "$T/healthy" --out "$T/x" --threads 1 --sheet 0
rm -rf "$T/x"
cp -r "$T/p" "$T/lean" && find "$T/lean" -name '*_flair.nii.gz' -delete
expect_fail 3 'has no series flair, by which its tumour is divided \(data.tumour_parts\)' v synth "$T/r" $one --labels "$T/lean" --out "$T/x" --threads 1 --sheet 0
expect_fail 2 'data.tumour_parts is "t1=1", but parts are K' v train --data "$T/p" --out "$T/x" $tiny --set data.tumour_parts=t1=1
expect_fail 2 'image2label learns classes that maps show' v train --data "$T/p" --out "$T/x" $tiny $parts --set train.direction=image2label
expect_fail 3 'no series swi, which data.tumour_parts names' v train --data "$T/p" --out "$T/x" $tiny --set data.tumour_parts=t1=2,swi=2
expect_fail 3 'data.tumour_parts divides tumours, and there are no tumour maps' v train --data "$T/p" --out "$T/x" $tiny $parts --set data.tumour=none
finish
