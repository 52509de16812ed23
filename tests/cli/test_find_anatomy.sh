# needs torch
# Training and synthesis with the anatomy that another model finds.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/a" --subjects 3 --size 32 --seed 1 2>/dev/null || bad phantom
v phantom --out "$T/b" --subjects 2 --first 50 --size 32 --seed 2 2>/dev/null || bad phantom
tiny="--set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.validate_every=0 --set data.series=t1,flair"

# The anatomy that a model finds: for training, and for the hosts of synthesis. Its maps are those of synth and join.
v phantom --out "$T/t" --subjects 2 --first 90 --size 32 --seed 3 --anatomy 2>/dev/null || bad phantom
v train --data "$T/t" --out "$T/seg" --set data.series=t1 --set data.tumour=none --set train.direction=image2label --set train.epochs=2 \
  --set net.ngf=4 --set net.ndf=4 --set net.levels=2 --set train.w_adversarial=0 --set data.val_share=0 2>/dev/null || bad "train a segmentation"
expect_ok 'finding the anatomy of 3 subjects' v train --data "$T/a" --anatomy "$T/seg" --out "$T/p" $tiny --set train.epochs=1
expect_ok 'classes: csf, gm, wm, necrosis, oedema, enhancing' v train --out "$T/p" --resume --dry-run
expect_ok '3 kept' v train --out "$T/p" --resume --set train.epochs=2
expect_ok '2 cases made' v synth "$T/p" --labels "$T/b" --out "$T/ps" --format brats2021 --sheet 0
v synth "$T/seg" --images "$T/b" --out "$T/maps" --format brats2021 --sheet 0 2>/dev/null >&2
v join --tumour "$T/b" --anatomy "$T/maps" --out "$T/joined" --sheet 0 2>/dev/null >&2
expect_ok '2 cases made' v synth "$T/p" --labels "$T/joined" --out "$T/js" --format brats2021 --sheet 0
for file in $(cd "$T/ps" && find . -name '*.nii.gz'); do
  expect "the same as through synth and join: $file" cmp -s "$T/ps/$file" "$T/js/$file"
done
# The check for membership finds it, too. It makes the maps beside the scores.
expect_ok 'membership: (found|none found|inconclusive): ' v eval --suite privacy --real "$T/b" --synth "$T/ps" --train "$T/a" --model "$T/p" --out "$T/priv"
expect "maps of 5 subjects" [ "$(find "$T/priv-anatomy" -name '*_dseg.nii.gz' | wc -l)" = 5 ]
# A message names the values that the model learned with.
v train --data "$T/t" --tumour-scheme 1=core,2=rim,4=ring --out "$T/named" $tiny --set train.epochs=1 2>/dev/null || bad "train with a scheme"
expect_fail 3 'the labels have necrosis .*; the model learned with --tumour-scheme 1=core,2=rim,4=ring: name it' v synth "$T/named" --labels "$T/t" --out "$T/n" --sheet 0
expect_ok '2 cases made' v synth "$T/named" --labels "$T/t" --out "$T/n" --sheet 0 --tumour-scheme 1=core,2=rim,4=ring --overwrite
expect_fail 1 'data.anatomy predict:.*nowhere' v train --data "$T/a" --anatomy "$T/nowhere" --out "$T/dry" $tiny --dry-run
finish
