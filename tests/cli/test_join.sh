# join: merges anatomy maps and a tumour data set for training. tests/unit/test_join.c checks the voxels.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/whole" --subjects 3 --size 40 --seed 4 --anatomy --layout brats2021 2>/dev/null || bad phantom
cp -r "$T/whole" "$T/tumour" && rm "$T"/tumour/*/*_anat.nii.gz
# Predicted anatomy as it may come: another data set, in another format.
mkdir "$T/tissue"
for map in "$T"/whole/*/*_anat.nii.gz; do
  id=$(basename "$map" _anat.nii.gz) sub=sub-$(basename "$map" _anat.nii.gz | tr -d _)
  mkdir -p "$T/tissue/$sub/anat" && cp "$map" "$T/tissue/$sub/anat/${sub}_dseg.nii.gz"
done
join() { "$VOXGAN" join --tumour "$T/tumour" --anatomy "$T/tissue" "$@"; }

expect_ok 'joining 3 cases; images are links' join --out "$T/joined"
expect "images are links" [ -L "$T/joined/$id/${id}_t1.nii.gz" ]
expect "maps are not" [ ! -L "$T/joined/$id/${id}_seg.nii.gz" ] && [ ! -L "$T/joined/$id/${id}_anat.nii.gz" ]
expect "a manifest row a case" [ "$(wc -l <"$T/joined/manifest.csv")" = 4 ]
expect "a contact sheet" [ -s "$T/joined/contact-sheet-01.png" ]
expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/joined"
expect_ok '3 subjects, t1, t1c, t2, flair, tumour map, anatomy map' "$VOXGAN" inspect "$T/joined"
expect_ok '0 cases made, 3 kept' join --out "$T/joined"
expect_ok 'images are copied' join --out "$T/copies" --copy --sheet 0
rm -r "$T/copies/.voxgan"
expect "copies are whole" [ -z "$(find "$T/copies" -type l)" ]

# The anatomy under the tumour is there: taken away, it leaves the joined anatomy map.
expect_ok '3 cases made' "$VOXGAN" edit --labels "$T/joined" --edit remove:fill=keep --out "$T/removed" --sheet 0

expect_fail 2 'lie within one another' join --out "$T/tumour"
expect_fail 2 'lie within one another' join --out "$T/tissue/new"
expect_fail 2 'tumour DIR is missing' "$VOXGAN" join --anatomy "$T/tissue" --out "$T/x"
expect_fail 3 'join: host [^ :]*: [^:]*dseg.nii.gz: label value 3' "$VOXGAN" join --tumour "$T/tumour" --anatomy "$T/tissue" --anatomy-scheme 1=csf,2=gm --out "$T/x"
expect_fail 3 'synth-00001: host [^ :]*: /.*: label value 3' "$VOXGAN" edit --labels "$T/whole" --anatomy-scheme 1=csf,2=gm --edit scale:factor=0.5 \
  --per-case 2 --out "$T/y"
expect_fail 3 'no subject of .*/tumour has an anatomy map .*synth brain' "$VOXGAN" join --tumour "$T/tumour" --anatomy "$T/tumour" --out "$T/x"
expect_fail 2 'did you mean bids' join --out "$T/x" --format bisd
expect_fail 2 'another study' join --out "$T/joined" --copy
expect_fail 3 'no such file' "$VOXGAN" join --tumour "$T/tumour" --anatomy "$T/nowhere" --out "$T/x"
expect_fail 3 "$id.*value.*tissues|value.*scheme" "$VOXGAN" join --tumour "$T/tumour" --anatomy "$T/tissue" --anatomy-scheme 1=csf,2=gm --out "$T/x"
mv "$T/tissue/sub-${id//_/}" "$T/tissue/sub-other"
for f in "$T"/tissue/sub-other/anat/*; do mv "$f" "${f/$(basename "${f%_dseg.nii.gz}")/sub-other}"; done
expect_fail 3 "1 case of .*no anatomy map.*$id.*--skip-incomplete" join --out "$T/less"
expect_ok 'joining 2 cases' join --out "$T/less" --skip-incomplete
expect "the skipped case is named" grep -q "case.* skipped, because a map is missing (.*$id" "$T/stderr"
expect "and the map without a case" grep -q "because no tumour map belongs to the same case (.*sub-other" "$T/stderr"

if [ "${TORCH:-0}" = 0 ]; then
  echo "skipped: train on what was joined (a build without libtorch)"
else
  expect_ok 'csf, gm, wm, necrosis, oedema, enhancing' "$VOXGAN" train --data "$T/joined" --out "$T/run" --dry-run \
    --set net.ngf=4 --set net.ndf=4 --set data.tumour=require --set data.anatomy=map
fi
finish
