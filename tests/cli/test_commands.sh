# Commands that need no tensors: help, list, inspect, usage errors. They must not load libtorch.
. tests/cli/lib.sh

expect_ok '^voxgan [0-9]+\.[0-9]+' "$VOXGAN" --version
expect_ok 'train .*synth|usage: voxgan COMMAND' "$VOXGAN" --help
for command in train synth eval phantom report inspect list; do
  expect_ok "usage: voxgan $command" "$VOXGAN" $command --help
  expect_ok "usage: voxgan $command [^ ]" "$VOXGAN" help $command
done
"$VOXGAN" --help | sed -n '/^exit codes:/,$s/^ *\([0-9][0-9]*\)  /\1 /p' >"$T/codes"
sed -n '/^\.SH EXIT STATUS/,/^\.SH EXAMPLES/p' docs/voxgan.1 | sed -n '/^\.B /{N;s/^\.B \(.*\)\n/\1 /p}' >"$T/codes.man"
expect "the manual has the exit codes of --help" cmp "$T/codes" "$T/codes.man"
# named REGISTRY TEXT: the text of the manual names each row.
named() {
  for row in $("$VOXGAN" list "$1" | sed -n 's/^  \([a-z][a-z0-9_]*\)  *[A-Za-z].*/\1/p'); do
    expect "the manual names $row of $1" grep -qE "(^|[^a-z0-9_])$row([^a-z0-9_]|$)" <<<"$2"
  done
}
named layouts "$(grep -o ' Layouts: .*' docs/voxgan.1)"
named formats "$(grep -B1 'voxgan list formats' docs/voxgan.1)"
named suites "$(sed -n '/^Suites to run:/,/^runs every suite/p' docs/voxgan.1)"
expect "there are seven exit codes" [ "$(wc -l <"$T/codes")" = 7 ]
expect_ok '^layouts:' "$VOXGAN" list
expect_ok 'brats2023' "$VOXGAN" list layouts
expect_ok 'train.lr_g .*\[0.0002\]' "$VOXGAN" list settings
expect_fail 2 'no registry layout; did you mean layouts' "$VOXGAN" list layout

expect_fail 2 'unknown command trian; did you mean train' "$VOXGAN" trian
expect_fail 2 'unknown option --lables; did you mean --labels' "$VOXGAN" synth m --lables d --out o
expect_fail 2 '--out DIR is missing' "$VOXGAN" synth m --labels d
expect_fail 2 'too few arguments; expected MODEL' "$VOXGAN" synth --labels d --out o
expect_fail 2 '--seed: "x" is not a whole number' "$VOXGAN" phantom --out "$T/p" --seed x
expect_fail 2 '--out needs DIR' "$VOXGAN" phantom --out
expect_fail 2 'must be N or X,Y,Z' "$VOXGAN" phantom --out "$T/p" --size 64,64
expect_fail 2 'wide|window' "$VOXGAN" synth m --labels d --out o --window wide

# Config: keys, bounds, types, choices.
expect_ok '"lr_g": *0.001' "$VOXGAN" train --print-config --set train.lr_g=1e-3
expect_fail 2 'unknown setting train.lr; did you mean train.lr_' "$VOXGAN" train --print-config --set train.lr=1
expect_fail 2 'unknown setting quite.otherwise; `voxgan list settings` shows all' "$VOXGAN" train --print-config --set quite.otherwise=1
expect_fail 2 'train.lr_g is 2, but must be from 0 to 1' "$VOXGAN" train --print-config --set train.lr_g=2
expect_fail 2 'train.adversarial is "gan", but must be one of bce\|' "$VOXGAN" train --print-config --set train.adversarial=gan
expect_fail 2 'train.epochs is 1.5, but must be a whole number' "$VOXGAN" train --print-config --set train.epochs=1.5
echo '{"train": {"epochz": 3}}' >"$T/typo.json"
expect_fail 2 'typo.json: unknown setting train.epochz; did you mean train.epochs' "$VOXGAN" train "$T/typo.json" --print-config
echo '{"train": {"epochs": "3"}}' >"$T/type.json"
expect_fail 2 'type.json: train.epochs must be a whole number' "$VOXGAN" train "$T/type.json" --print-config
echo '{"train": {' >"$T/broken.json"
expect_fail 2 'broken.json:2:1: not valid JSON' "$VOXGAN" train "$T/broken.json" --print-config
for config in configs/*.json; do
  [[ $config == */study_* ]] && continue # plans
  expect_ok '"train"' "$VOXGAN" train "$config" --print-config
done

# A small data set, and the output of inspect for it.
expect_ok '' "$VOXGAN" phantom --out "$T/p" --subjects 2 --size 32
expect_ok 'layout: brats2021' "$VOXGAN" inspect "$T/p"
seg=$(find "$T/p" -name '*_seg.nii.gz' | sort | head -1)
expect_ok 'label +voxels +ml' "$VOXGAN" inspect "$seg"
expect_ok '"orientation": *"LPS"' "$VOXGAN" inspect --json "$seg"
# The classes of a label map, by the scheme that is named.
expect_ok '^ +2 +[0-9]+ +[0-9.]+ +oedema$' "$VOXGAN" inspect "$seg" --tumour-scheme brats
expect_ok '^ +2 +[0-9]+ +[0-9.]+ +not in the scheme$' "$VOXGAN" inspect "$seg" --anatomy-scheme 7=wm
expect_ok '"class": *"background"' "$VOXGAN" inspect --json "$seg" --tumour-scheme brats
expect_fail 2 'one label map has one scheme' "$VOXGAN" inspect "$seg" --tumour-scheme brats --anatomy-scheme tissues
expect_fail 3 'no such file' "$VOXGAN" inspect "$T/nothing"

# libtorch must not be loaded by any of these: with a module folder that has none, they still work, and the program itself
# links to none of it.
for args in --version --help list "inspect $seg" "phantom --out $T/q --subjects 1 --size 32"; do
  expect "without the module" env VOXGAN_MODULES=/nonexistent "$VOXGAN" $args >/dev/null 2>&1
done
expect "program is not linked to libtorch" sh -c "! ldd '$VOXGAN' | grep -qE 'libtorch|libc10'"
# A module of other sources is refused. Both modules here are the entry alone, over functions that answer at once; one is built
# with one more setting.
if command -v ${CC:-gcc} >/dev/null; then
  mkdir -p "$T/same" "$T/other" "$T/old" "$T/inc/voxgan"
  sed 's|^VG_SECTION_END(run)|VG_SET_BOOL(run, one_more, FREE, false, "a setting that the program lacks")\n&|' include/voxgan/settings.def >"$T/inc/voxgan/settings.def"
  cat >"$T/stubs.c" <<'END'
#include "run/entry.h"
#include "eval/detect/detector.h"
#include "eval/privacy/membership.h"
const char *vg_torch_version(void);
const char *vg_torch_version(void) { return "none"; }
vg_status vg_train(const vg_train_options *o) { (void)o; return vg_fail(VG_REGRESSION, "the stub was called"); }
vg_status vg_synth(const vg_synth_options *o) { (void)o; return VG_OK; }
vg_status vg_export(const vg_export_options *o) { (void)o; return VG_OK; }
vg_status vg_membership_score(const vg_membership_options *o, vg_membership *m) { (void)o, (void)m; return VG_OK; }
vg_status vg_detector_train(const vg_detector_options *o, float *logits) { (void)o, (void)logits; return VG_OK; }
vg_status vg_extractor_open(const vg_extractor_options *o, vg_extractor *x) { (void)o, (void)x; return VG_OK; }
void vg_extractor_close(vg_extractor *x) { (void)x; }
END
  module() { # OUT FLAGS...
    local out=$1
    shift
    ${CC:-gcc} -std=c11 -shared -fPIC -Wl,--allow-shlib-undefined -D_GNU_SOURCE "$@" -Iinclude -Isrc \
      -o "$T/$out/voxgan-torch.so" src/run/entry.c "$T/stubs.c" || bad "cannot build module $out"
  }
  mkdir -p "$T/old_inc/voxgan"
  sed 's/\(VERSION_MAJOR\) .*/\1 99/' include/voxgan/version.h >"$T/old_inc/voxgan/version.h"
  module same
  module other "-I$T/inc"
  module old "-I$T/old_inc"
  expect_fail 5 'the stub was called' env VOXGAN_MODULES="$T/same" "$VOXGAN" train --data "$T/p" --out "$T/r"
  expect_fail 4 'built from other sources than this voxgan: settings is [0-9]+ there and [0-9]+ here; rebuild' \
    env VOXGAN_MODULES="$T/other" "$VOXGAN" train --data "$T/p" --out "$T/r"
  expect_fail 4 'belongs to another version of voxgan' env VOXGAN_MODULES="$T/old" "$VOXGAN" train --data "$T/p" --out "$T/r"
else
  echo "skipped: modules of other sources (no C compiler)"
fi

finish
