# The first hour on one's own data: what voxgan says about a folder, and what it finds by name.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }

v phantom --out "$T/a" --subjects 3 --size 32 --seed 1 2>/dev/null || bad phantom
v phantom --out "$T/b" --subjects 2 --first 50 --size 32 --seed 2 --anatomy 2>/dev/null || bad phantom

# The class census, and classes that never occur.
expect_ok 'classes of 3 tumour maps: necrosis in 3 \([0-9.]+ to [0-9.]+ ml\), oedema in 3 .*, enhancing in 3' v inspect "$T/a"
expect_ok 'a: classes of 3 tumour maps: .*core in 3 .*, nothing in 0' v inspect "$T/a" --tumour-scheme 1=core,2=rim,4=ring,5=nothing
expect_ok 'warning: .*no voxel of nothing in 3 tumour maps, whose values are 1 2 4' v inspect "$T/a" --tumour-scheme 1=core,2=rim,4=ring,5=nothing
/usr/bin/python3 - "$T" <<'P' || bad "volumes of the census"
import glob, json, subprocess, sys, os, re
import nibabel, numpy
t = sys.argv[1]
text = subprocess.run([os.environ['VOXGAN'], 'inspect', t + '/a'], capture_output=True, text=True).stderr
said = re.search(r'oedema in 3 \(([\d.]+) to ([\d.]+) ml\)', text).groups()
maps = [nibabel.load(f) for f in glob.glob(t + '/a/**/*seg.nii.gz', recursive=True)]
ml = [(numpy.asarray(m.dataobj) == 2).sum() * abs(numpy.linalg.det(m.affine[:3, :3])) / 1000 for m in maps]
assert said == ('%.3g' % min(ml), '%.3g' % max(ml)), (said, ml)
P

# What can be done next, as commands that parse: each is a command with options that it has.
expect_ok '^next:$' v inspect "$T/a"
expect_ok 'voxgan train brats2021 --data .*/a --anatomy brain --out runs/images' v inspect "$T/a"
expect_ok 'voxgan split .*/a --layout brats2021 --tumour-scheme brats --out parts' v inspect "$T/a" --layout brats2021 --tumour-scheme brats
expect_ok 'voxgan train --data .*/b --set data.series=t1,t1c,t2,flair --set train.direction=image2label --out runs/maps' v inspect "$T/b"
expect_ok 'voxgan train brats2021 --data .*/b --out runs/images' v inspect "$T/b"
expect_ok 'dry-run. behind a train command says what it will cost' v inspect "$T/b"

# Healthy scans with tissue maps, and scans without any map: a config for each, and the config's series are not repeated.
v phantom --out "$T/healthy" --subjects 10 --size 32 --layout bids 2>/dev/null || bad phantom
expect_ok 'voxgan train healthy_t1 --data .*/healthy --anatomy-scheme tissues --out runs/images' v inspect "$T/healthy" --anatomy-scheme tissues
expect_ok 'voxgan train healthy_t1_labels --data .*/healthy --out runs/maps' v inspect "$T/healthy"
expect_ok '^  \.\.\. and 2 more \(--json lists all\)$' v inspect "$T/healthy"
expect "eight subjects are shown" [ "$(grep -c '^    id:' "$T/stdout")" = 8 ]
expect "all subjects are in the JSON" [ "$(v inspect --json "$T/healthy" 2>/dev/null | grep -c '"id":')" = 10 ]
mkdir "$T/plain" && cp "$T"/healthy/sub-*1/anat/*_T1w.nii.gz "$T/plain/one scan.nii.gz"
expect_ok 'voxgan train healthy_t1 --data .*/plain --layout scans --set data.series=scan --anatomy brain --out runs/images' v inspect "$T/plain" --layout scans
expect_ok 'voxgan synth runs/images --labels .*/plain --layout scans --out synthetic' v inspect "$T/plain" --layout scans

# A map of FreeSurfer has many values up to 14175, and is still a label map; an image of as many values is none.
/usr/bin/python3 - "$T" <<'P' || bad "a map of many values"
import nibabel, numpy, sys
v = (numpy.arange(4096) % 110).reshape(16, 16, 16)
nibabel.save(nibabel.Nifti1Image((v * 20).astype('int32'), numpy.eye(4)), sys.argv[1] + '/aparc.nii.gz')
nibabel.save(nibabel.Nifti1Image(v.astype('int32'), numpy.eye(4)), sys.argv[1] + '/image.nii.gz')
P
expect_ok '^ *2180 +37 +0.04$' v inspect "$T/aparc.nii.gz"
v inspect "$T/image.nii.gz" >"$T/stdout" 2>&1
expect "an image has no table of labels" sh -c "! grep -q voxels.*ml '$T/stdout'"
v inspect --json "$T/a" 2>/dev/null | /usr/bin/python3 -c '
import json, re, subprocess, sys
for row in json.load(sys.stdin)["next"]:
    words = row["command"].split()
    help = subprocess.run([sys.argv[1], words[1], "--help"], capture_output=True, text=True).stdout
    for option in words[2:]:
        assert not option.startswith("--") or re.search(option + r"\b", help), row' "$VOXGAN" || bad "a command of inspect has an unknown option"

# A shell reads the folder's name in them as it is.
ln -s "$T/a" "$T/it's \$(touch never) here"
v inspect --json "$T/it's \$(touch never) here" 2>/dev/null | /usr/bin/python3 -c '
import json, shlex, sys
rows = json.load(sys.stdin)["next"]
assert rows and all(sys.argv[1] in shlex.split(row["command"]) for row in rows), rows' "$T/it's \$(touch never) here" || bad "words of a shell"

# Whole heads: a ball of 200 mm (4,189 ml) is none of a brain; one of 130 mm (1,150 ml) may be one.
/usr/bin/python3 - "$T" <<'P' || bad "balls"
import nibabel, numpy, os, sys
for name, mm in (('head', 200), ('brain', 130)):
    for k in range(2):
        d = f'{sys.argv[1]}/{name}/sub-{k}/anat'
        os.makedirs(d)
        g = numpy.indices((60, 60, 60)) * 4 - 118
        v = (numpy.sqrt((g ** 2).sum(0)) < mm / 2) * numpy.random.default_rng(k).integers(100, 200, (60, 60, 60))
        nibabel.save(nibabel.Nifti1Image(v.astype('int16'), numpy.diag([4, 4, 4, 1])), f'{d}/sub-{k}_T1w.nii.gz')
P
expect_ok '2 of 2 scans looked at seem to be whole heads, not brains \(sub-0: 4[12][0-9][0-9] ml .*SynthStrip' v inspect "$T/head"
v inspect "$T/brain" >"$T/stdout" 2>&1
expect "a brain is no head" sh -c "! grep -q heads '$T/stdout'"

# A scheme for each data set, in their order; one alone counts for all.
printf 'id,t1,tumour\n' | tee "$T/one.csv" >"$T/two.csv"
for id in $(v inspect --json "$T/a" 2>/dev/null | sed -n 's/.*"id": *"\(.*\)",/\1/p'); do
  seg=$(find "$T/a" -name "${id}_seg.nii.gz") t1=$(find "$T/a" -name "${id}_t1.nii.gz")
  echo "$id,$t1,$seg" >>"$T/one.csv"
  echo "z$id,$t1,$seg" >>"$T/two.csv"
done
two="--labels $T/one.csv --labels $T/two.csv --dry-run"
expect_ok 'classes: brain, core, rim, ring, necrosis, oedema, enhancing' v edit $two --tumour-scheme 1=core,2=rim,4=ring --tumour-scheme brats
expect_ok 'classes: brain, necrosis, oedema, enhancing' v edit $two --tumour-scheme brats
expect_fail 2 '3 tumour schemes are given for 2 data sets' v edit $two --tumour-scheme brats --tumour-scheme brats --tumour-scheme brats
expect_fail 2 'scheme.*brats1' v edit $two --tumour-scheme brats --tumour-scheme brats1
expect_ok 'classes: brain, core, rim, ring, necrosis, oedema, enhancing' v edit --labels "$T/one.csv" --donors "$T/two.csv" --edit graft:donor=random --dry-run --tumour-scheme 1=core,2=rim,4=ring --tumour-scheme brats

# Other formats are named, with the way on.
mkdir "$T/dicom"
{ head -c 128 /dev/zero; printf DICM; head -c 400 /dev/zero; } | tee "$T/dicom/IM0001" >"$T/scan.nii"
expect_fail 3 'no volume below this folder; its file IM0001 is DICOM: .*dcm2niix' v inspect "$T/dicom"
expect_fail 3 'no volume below this folder; its file IM0001 is DICOM: .*dcm2niix' v edit --labels "$T/dicom" --out "$T/x"
expect_fail 3 'IM0001: DICOM: .*dcm2niix' v edit --labels "$T/dicom/IM0001" --out "$T/x"
expect_fail 3 'scan.nii: not a NIfTI file: DICOM: .*dcm2niix' v inspect "$T/scan.nii"

# Configs and plans by name, from any folder.
expect_ok 'brats2021 +Label maps' v list configs
expect_ok 'study_balanced +\(plan\)' v list configs
if [ "$TORCH" != 0 ]; then
  expect_ok '"ngf": 32' sh -c "cd / && '$VOXGAN' train brats2021 --print-config"
fi
expect_fail 2 'brats2022: no such file, and no config of that name in .*configs; did you mean brats2021' v train brats2022 --print-config
expect_ok 'Usage|usage' v list configs --help
expect_fail 2 'no such file' v edit --labels "$T/a" --plan study_bratss --out "$T/x"
mkdir "$T/mine" && echo '{"about": "my own", "net": {"ngf": 5}}' >"$T/mine/small.json"
expect_ok 'small +my own' env VOXGAN_CONFIGS="$T/mine" "$VOXGAN" list configs
expect_ok '"ngf": 5' env VOXGAN_CONFIGS="$T/mine" "$VOXGAN" train small --print-config
# eval finds partners by the manifest's source, and by the letters and digits of ids; edited cases have none.
v edit --labels "$T/a" --out "$T/copy" --prefix other --sheet 0 2>/dev/null >&2 || bad edit
expect_ok '' v eval --real "$T/a" --synth "$T/copy" --suite overlap --out "$T/e1"
expect "by the source" [ "$(grep -c ',tumour_labels,tumour,dice,' "$T/e1/metrics.csv")" = 3 ]
v edit --labels "$T/a" --out "$T/bids" --format bids --sheet 0 2>/dev/null >&2 || bad edit
rm "$T/bids/manifest.csv"
expect_ok '' v eval --real "$T/a" --synth "$T/bids" --suite overlap --out "$T/e2"
expect "by letters and digits" [ "$(grep -c ',tumour_labels,tumour,dice,' "$T/e2/metrics.csv")" = 3 ]
v edit --labels "$T/a" --out "$T/half" --edit scale:factor=0.7 --sheet 0 2>/dev/null >&2 || bad edit
expect_ok '3 of 3 synthetic subjects are edited.*suites boundary and distribution compare the sets instead' v eval --real "$T/a" --synth "$T/half" --out "$T/e3"
expect "the sets are compared" grep -q ',mmd,' "$T/e3/metrics.csv"
expect_fail 3 'no subject is on both sides.*--suite boundary,distribution' v eval --real "$T/a" --synth "$T/half" --suite overlap --out "$T/e4"

# Several cases of a source that are equal.
expect_ok '6 of 9 cases have the same voxels as another case of their source' v edit --labels "$T/a" --per-case 3 --edit scale:factor=0.7 --out "$T/same" --sheet 0
v edit --labels "$T/a" --per-case 2 --edit 'scale:factor=uniform(0.6,0.9)' --out "$T/other" --sheet 0 >"$T/stdout" 2>&1
expect "cases that differ" sh -c "! grep -q 'same voxels' '$T/stdout'"

# Volumes like those of a data set: within them, and with their mean. Linear between three volumes, it is (a + 2 b + c) / 4.
expect_ok '60 cases made' v edit --labels "$T/b" --per-case 30 --edit "scale:ml=like($T/a),fit=0,tries=1000" --redraws 200 --out "$T/like" --sheet 0
/usr/bin/python3 - "$T" <<'P' || bad "volumes like those of a data set"
import csv, glob, re, sys
import nibabel, numpy
maps = [nibabel.load(f) for f in glob.glob(sys.argv[1] + '/a/**/*seg.nii.gz', recursive=True)]
a, b, c = sorted((numpy.asarray(m.dataobj) > 0).sum() * abs(numpy.linalg.det(m.affine[:3, :3])) / 1000 for m in maps)
drawn = [float(re.search(r'ml=([\d.]+)', r['edits']).group(1)) for r in csv.DictReader(open(sys.argv[1] + '/like/manifest.csv'))]
assert a - 1e-3 <= min(drawn) and max(drawn) <= c + 1e-3, (a, c, drawn)
error = abs(numpy.mean(drawn) - (a + 2 * b + c) / 4)
assert error < 4 * numpy.std(drawn) / len(drawn) ** 0.5, (error, drawn)
P
expect_fail 2 'like\(.*head\): no tumour' v edit --labels "$T/b" --edit "scale:ml=like($T/head)" --out "$T/x"

# A region that is a class of the anatomy map.
/usr/bin/python3 - "$T" <<'P' || bad "a brainstem"
import nibabel, numpy, sys
g = numpy.indices((48, 48, 48)) * 3 - 70.5
v = (numpy.sqrt((g ** 2).sum(0)) < 66).astype('uint8')
v[20:28, 20:28, 6:18] = 2 * v[20:28, 20:28, 6:18]
nibabel.save(nibabel.Nifti1Image(v, numpy.array([[3, 0, 0, -70.5], [0, 3, 0, -70.5], [0, 0, 3, -70.5], [0, 0, 0, 1]])), sys.argv[1] + '/stem.nii.gz')
open(sys.argv[1] + '/stem.csv', 'w').write('id,anatomy\np1,stem.nii.gz\n')
P
expect_ok '4 cases made' v edit --labels "$T/stem.csv" --anatomy-scheme 1=wm,2=brainstem --per-case 4 --edit grow:ml=0.5,region=brainstem --out "$T/stems" --sheet 0
/usr/bin/python3 -c "
import csv, sys
for r in csv.DictReader(open('$T/stems/manifest.csv')):
    assert abs(float(r['centre_x_mm'])) < 14 and abs(float(r['centre_y_mm'])) < 14 and -56 < float(r['centre_z_mm']) < -14, r" || bad "tumours in the brainstem"
# The cerebellum, too: the class, and its left half. Without such a class it is all below the tentorium, brainstem included.
cerebellum='--per-case 12 --edit grow:ml=0.5,region=cerebellum --sheet 0'
expect_ok '12 cases made' v edit --labels "$T/stem.csv" --anatomy-scheme 1=wm,2=cerebellum $cerebellum --out "$T/cerebella"
expect_ok '12 cases made' v edit --labels "$T/stem.csv" --anatomy-scheme 1=wm,2=cerebellum ${cerebellum/cerebellum/left-cerebellum} --out "$T/left"
expect_ok '12 cases made' v edit --labels "$T/stem.csv" --anatomy-scheme 1=wm,2=gm $cerebellum --out "$T/below"
/usr/bin/python3 - "$T" <<'P' || bad "tumours in the cerebellum"
import csv, sys
def within(study):
    rows = [[float(r[f'centre_{a}_mm']) for a in 'xyz'] for r in csv.DictReader(open(f'{sys.argv[1]}/{study}/manifest.csv'))]
    return rows, [abs(x) < 16 and abs(y) < 16 and -58 < z < -14 for x, y, z in rows]
assert all(within('cerebella')[1]) and all(within('left')[1]) and not all(within('below')[1])
assert all(x < 2 for x, _, _ in within('left')[0]) and any(x > 2 for x, _, _ in within('cerebella')[0])
P
expect_fail 2 "region brainstem: the hosts' anatomy maps have no class" v edit --labels "$T/b" --edit grow:ml=1,region=brainstem --out "$T/x2"

# A region that is smaller than its tumours is a warning, before any case is made. The stem has 768 voxels of 27 ul.
stem="edit --labels $T/stem.csv --anatomy-scheme 1=wm,2=brainstem --per-case 4 --sheet 0"
said='region brainstem has 20.7 ml \(in p1\), and 4 of the 4 tumours that are put there are larger, up to 30 ml.*ml=uniform\(1,10\)'
expect_ok "warning: $said" v $stem --edit grow:ml=30,region=brainstem --dry-run
expect_ok "warning: $said" v $stem --edit grow:ml=30,region=brainstem --out "$T/beyond"
expect_ok '4 of the 4 tumours that are put there are larger, up to 24 ml' v $stem --edit 'grow:ml=6;scale:factor=4;move:random,region=brainstem' --dry-run
expect "some are larger" [ "$(v $stem --edit 'grow:ml=uniform(10,30),region=brainstem' --per-case 100 --dry-run 2>&1 | grep -cE 'and (3|4|5|6)[0-9] of the 100 tumours .*up to (29|30)')" = 1 ]
v $stem --edit 'grow:ml=20,region=brainstem' --dry-run >"$T/stdout" 2>&1
expect "tumours that have room" sh -c "! grep -q 'region brainstem has' '$T/stdout'"
v $stem --edit 'grow:ml=30,region=any;move:random' --dry-run >"$T/stdout" 2>&1
expect "no region" sh -c "! grep -q 'region .* has' '$T/stdout'"
expect_ok 'region left-temporal has [0-9.]+ ml \(in .*, and 2 of the 2 tumours that are put there are larger' v edit --labels "$T/b" --donors "$T/a" --edit 'graft:donor=random;scale:ml=900,anywhere,fit=0;move:random,region=left-temporal' --dry-run

# A folder of several data sets: each is named, with its layout, its subjects and the next command.
mkdir "$T/sets" "$T/sets/deep"
v phantom --out "$T/sets/older" --subjects 3 --size 32 2>/dev/null || bad phantom
v phantom --out "$T/sets/newer" --subjects 2 --size 32 --layout brats2023 2>/dev/null || bad phantom
v phantom --out "$T/sets/deep/healthy" --subjects 4 --size 32 --layout bids 2>/dev/null || bad phantom
raw=$T/sets/raw/Dataset001_A
mkdir -p "$raw/imagesTr" "$raw/labelsTr"
for i in 1 2; do
  cp "$T/a"/*$i/*_t1.nii.gz "$raw/imagesTr/p${i}_0000.nii.gz" && cp "$T/a"/*$i/*_seg.nii.gz "$raw/labelsTr/p$i.nii.gz"
done
echo '{"channel_names": {"0": "T1"}, "labels": {"background": 0, "necrosis": 1, "oedema": 2, "enhancing": 4}, "numTraining": 2, "file_ending": ".nii.gz"}' >"$raw/dataset.json"
cp "$T/a"/*1/*_t1.nii.gz "$T/sets/scan.nii.gz"
v inspect "$T/sets" >"$T/stdout" 2>/dev/null || bad "inspect of several data sets"
/usr/bin/python3 - "$T" <<'P' || bad "several data sets"
import re, sys
text = open(sys.argv[1] + '/stdout').read()
rows = re.findall(r'^  (\S+): layout (\S+), (\d+) subjects\n    voxgan inspect (\S+)$', text, re.M)
root = sys.argv[1] + '/sets/'
expected = {('deep', 'bids', '4'), ('newer', 'brats2023', '2'), ('older', 'brats2021', '3'), ('raw', 'nnunet', '2')}
assert {(r[0].replace(root, ''), r[1], r[2]) for r in rows} == expected and all(r[0] == r[3] for r in rows), text
assert 'beside them: 1 volume of no known layout, such as ' + root + 'scan.nii.gz' in text, text
P
expect_ok 'warning: .*: [0-9]+ of the skipped volumes have names of another layout.*voxgan inspect' v edit --labels "$T/sets" --dry-run
v inspect --json "$T/sets" 2>/dev/null | /usr/bin/python3 -c 'import json, sys; assert len(json.load(sys.stdin)["sets"]) == 4' || bad "JSON of several data sets"
# Subjects of two layouts in one folder; folders of subjects are no data sets.
mkdir "$T/mixed" && cp -r "$T/sets/older"/* "$T/sets/deep/healthy"/* "$T/mixed"
expect_ok 'mixed: holds 2 data sets' v inspect "$T/mixed"
cp "$T/stdout" "$T/said"
for layout in brats2021 bids; do
  expect "a command for $layout" grep -q "voxgan inspect $T/mixed --layout $layout" "$T/said"
  expect_ok "^layout: $layout" v inspect "$T/mixed" --layout $layout
done
expect_ok '^layout: nnunet' v inspect "$T/sets/raw/Dataset001_A"
cp -r "$raw" "$T/sets/raw/Dataset002_B"
expect_ok 'raw: holds 2 data sets' v inspect "$T/sets/raw"
expect "each nnU-Net data set" [ "$(grep -c 'layout nnunet, 2 subjects' "$T/stdout")" = 2 ]
expect_ok '^layout: brats2021' v inspect "$T/sets/older"
# One data set in folders by grade, with other files in the folders of subjects, and maps beside it.
mkdir -p "$T/grades/HGG" "$T/grades/LGG" "$T/grades/maps"
cp -r "$T/sets/older"/*1 "$T/grades/HGG" && cp -r "$T/sets/older"/*[23] "$T/grades/LGG"
cp "$T/a"/*1/*_t1.nii.gz "$T/grades/HGG/$(ls "$T/grades/HGG" | head -1)/other.nii.gz"
cp "$T/a"/*1/*_seg.nii.gz "$T/grades/maps/p1_aseg.nii.gz"
expect_ok '^n: 3' v inspect "$T/grades"

# One person: no split is proposed, and training says that nobody is held out.
mkdir "$T/person" && cp -r "$T/a"/*1 "$T/person"
v inspect "$T/person" >"$T/stdout" 2>&1 || bad "inspect of one person"
expect "no split of one person" sh -c "grep -q 'voxgan train' '$T/stdout' && ! grep -q 'voxgan split' '$T/stdout'"
expect_ok 'tumour_scheme: 1=core:tumour,2-4=rim:tumour' v inspect "$T/person" --tumour-scheme 1=core,2-4=rim
if [ "$TORCH" != 0 ]; then
  alone="v train --set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set data.anatomy=clusters:3 --out $T/alone --dry-run --threads 1 --data"
  expect_ok 'warning: the scans of one person alone: none is held out' $alone "$T/person"
  $alone "$T/a" >"$T/stdout" 2>&1
  expect "no such warning of three" sh -c "grep -q '1 held out' '$T/stdout' && ! grep -q 'one person alone' '$T/stdout'"
  expect_ok '' $alone "$T/person" --set data.val_share=0
  expect "nor where nobody is to be held out" sh -c "! grep -q 'one person alone' '$T/stderr'"
fi
# Decimal commas, and lists and pictures that are no volumes.
expect_fail 2 'share: "0,3" is not a number; its decimal sign is a point' v split "$T/a" --share 0,3 --out "$T/x"
expect_fail 2 "scale: ',5' is no parameter; the decimal sign is a point" v edit --labels "$T/a" --edit scale:factor=0,5 --dry-run
expect_fail 2 "grow: ',25' is no parameter" v edit --labels "$T/a" --edit grow:ml=1,25,region=deep --dry-run
expect_ok '' v edit --labels "$T/a" --edit 'scale:factor=uniform(0.5,1)' --dry-run
printf 'id\tt1\n' >"$T/list.tsv"
printf 'PK\003\004 and so on' >"$T/list.xlsx"
printf 'id,t1\np1,dicom/IM0001\np2,notes\n' >"$T/dicom.csv"
expect_fail 3 'list.tsv: neither a volume .* a list of scans needs the ending .csv' v inspect "$T/list.tsv"
expect_fail 3 'list.xlsx: .*a spreadsheet .*save it as CSV' v inspect "$T/list.xlsx"
expect_fail 3 "dicom.csv:2: column t1: 'dicom/IM0001' is DICOM: convert it to NIfTI with .dcm2niix" v inspect "$T/dicom.csv"
sed -i 2d "$T/dicom.csv"
expect_fail 3 "dicom.csv:2: column t1: 'notes' is not the path of a volume" v inspect "$T/dicom.csv"

# What inspect prints about tumour maps of one value, whole heads, and series that some subjects lack.
mkdir "$T/one"
cp -r "$T/a/." "$T/one"
/usr/bin/python3 - "$T/one" <<'P' || bad "maps of one value"
import glob, nibabel, numpy, sys
for f in glob.glob(sys.argv[1] + '/**/*seg.nii.gz', recursive=True):
    m = nibabel.load(f)
    nibabel.save(nibabel.Nifti1Image((numpy.asarray(m.dataobj) > 0).astype('uint8'), m.affine), f)
P
expect_ok 'whose values are 1: .*if 1 is the whole tumour, name it: --tumour-scheme 1=tumour' v inspect "$T/one"
expect_ok 'tumour in 3 \(' v inspect "$T/one" --tumour-scheme 1=tumour
find "$T/one" -name '*_t1ce.nii.gz' | head -1 | xargs rm
expect_ok 'left out of these commands: t1c, which 1 of 3 subjects lacks \(--set data.series=t1,t1c,t2,flair --skip-incomplete takes the 2 subjects that have every series\)' v inspect "$T/one"
expect_ok 'voxgan train brats2013 --data .*/one --tumour-scheme 1=tumour --set data.series=t1,t2,flair --anatomy brain' v inspect "$T/one"
expect "value 1 of maps of several values is no whole tumour" sh -c "! '$VOXGAN' inspect '$T/a' 2>/dev/null | grep -q tumour-scheme"
expect_ok 'train with --anatomy brain, a model that finds the brain, or strip the skulls first, by `voxgan synth brain' v inspect "$T/head"
/usr/bin/python3 - "$T/stdout" <<'P' || bad "what heads are good for"
import re, sys
text = open(sys.argv[1]).read().split('next:')[1]
commands = re.findall('voxgan .*', text)
assert commands[0].startswith('voxgan split'), text
assert any('--skull-strip' in c for c in commands), text
P
# Heads with tumour maps: the model that finds the brain comes first, then the head as it is.
printf 'id,t1,tumour\nh0,head/sub-0/anat/sub-0_T1w.nii.gz,lesion.nii.gz\n' >"$T/heads.csv"
/usr/bin/python3 - "$T" <<'P' || bad "a lesion"
import nibabel, numpy, sys
v = numpy.zeros((60, 60, 60), 'uint8')
v[30:36, 30:36, 30:36] = 1
nibabel.save(nibabel.Nifti1Image(v, numpy.diag([4, 4, 4, 1])), sys.argv[1] + '/lesion.nii.gz')
P
expect_ok 'whole heads' v inspect "$T/heads.csv" --tumour-scheme 1=tumour
/usr/bin/python3 - "$T/stdout" <<'P' || bad "heads with tumours"
import re, sys
train = re.findall('voxgan train .*', open(sys.argv[1]).read())
assert len(train) == 2 and '--anatomy brain' in train[0] and 'clusters:6' in train[1], train
assert train[1].startswith('voxgan train hospital_gan --data'), train
P
# A folder of FreeSurfer's subjects: the message has the manifest, and such a manifest works.
mkdir -p "$T/fs/p01/mri"
/usr/bin/python3 - "$T/fs/p01/mri" <<'P' || bad "a subject of FreeSurfer"
import nibabel, numpy, sys
v = numpy.zeros((24, 24, 24), 'int32')
v[4:20, 4:20, 4:20] = 3
v[8:16, 8:16, 8:16] = 2
nibabel.save(nibabel.MGHImage(v, numpy.diag([8., 8, 8, 1])), sys.argv[1] + '/aseg.mgz')
nibabel.save(nibabel.MGHImage((v * 50).astype('uint8'), numpy.diag([8., 8, 8, 1])), sys.argv[1] + '/norm.mgz')
P
expect_fail 3 'fs: this is FreeSurfer.s output, .*"id,t1,aseg".*"p01,p01/mri/norm.mgz,p01/mri/aseg.mgz"' v inspect "$T/fs"
sed -n 's/.*a line "\([^"]*\)".*such as "\([^"]*\)".*/\1\n\2/p' "$T/stderr" >"$T/fs/list.csv"
expect_ok 'voxgan train healthy_t1 --data .*/list.csv --out runs/images' v inspect "$T/fs/list.csv"
# Label maps alone, of FreeSurfer's values.
mkdir "$T/maps"
/usr/bin/python3 - "$T" <<'P' || bad "label maps"
import nibabel, numpy, sys
v = numpy.zeros((24, 24, 24), 'uint16')
v[2:22, 2:22, 2:22] = 516
v[4:20, 4:20, 4:20] = 3
v[8:16, 8:16, 8:16] = 2
v[11:13, 11:13, 11:13] = 4
nibabel.save(nibabel.Nifti1Image(v, numpy.diag([8, 8, 8, 1])), sys.argv[1] + '/maps/training_seg_01.nii.gz')
P
expect_ok 'gm in 1 \(18[0-9][0-9] ml\)' v inspect "$T/maps"
expect_ok 'voxgan train brain --data .*/maps --out runs/maps' v inspect "$T/maps"
expect "the head is known" sh -c "! grep -q 'values without a class' '$T/stderr' '$T/stdout'"
expect_ok 'values without a class' v inspect "$T/maps" --anatomy-scheme freesurfer-tissues
v inspect "$T/maps" --anatomy-scheme freesurfer-tissues,516=background >"$T/stdout" 2>&1
expect "516 is background" sh -c "! grep -q 'values without a class' '$T/stdout'"

# Tumour classes that the format of the data has no value for: another format, if the user named none.
edit="v edit --labels $T/one --tumour-scheme 1=tumour --edit scale:factor=0.5 --sheet 0"
expect_ok 'brats2021 has no value for tumour class tumour' $edit --out "$T/smaller"
expect_ok 'written as bids' $edit --out "$T/smaller" --overwrite
expect_ok "voxgan synth --finish '.*/it'.''s'" $edit --out "$T/it's" --shard 1/1
expect_fail 2 'brats2021 has no value' $edit --format brats2021 --out "$T/smaller2"
expect_fail 2 'no config of that name in .*configs.*VOXGAN_CONFIGS' v train nosuchconfig --print-config
mkdir -p "$T/cwd/brats2021"
expect "a folder of data does not hide a config" sh -c "cd '$T/cwd' && '$(realpath "$VOXGAN")' train brats2021 --print-config | grep -q '\"net\"'"
VOXGAN_CONFIGS="$T/nowhere" expect_fail 2 'no folder of configs.*VOXGAN_CONFIGS' v train brats2021 --print-config

# A region that no map has is no agreement.
scheme=1=core,2=rim,4=ring,5=nothing
expect_ok '' v eval --real "$T/a" --synth "$T/copy" --suite overlap --out "$T/e5" --tumour-scheme $scheme --tumour-scheme $scheme
expect "rim has a value" grep -q ',tumour_labels,rim,dice,' "$T/e5/metrics.csv"
expect "nothing has none" sh -c "! grep -q ',nothing,' '$T/e5/metrics.csv'"
finish
