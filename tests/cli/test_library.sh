# docs/library.md: both of its programs run, print the same, and write the same file.
. tests/cli/lib.sh
root=$PWD

# snippet LANGUAGE: the document's block that begins with ```LANGUAGE.
snippet() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" docs/library.md; }
snippet c >"$T/example.c"
snippet python >"$T/example.py"
expect "docs/library.md has a C program" [ -s "$T/example.c" ]
expect "docs/library.md has a Python program" [ -s "$T/example.py" ]

expect_ok '' "$VOXGAN" phantom --out "$T/phantom" --subjects 1 --size 48 --anatomy
expect "the C program compiles" gcc -std=c11 -Wall -Wextra -Wpedantic -Werror ${SANITIZE:+-fsanitize=$SANITIZE} -Iinclude "$T/example.c" \
  -o "$T/example" -L"$BUILD" -lvoxgan -Wl,-rpath,"$root/$BUILD"
mkdir "$T/c" "$T/python"
env -C "$T/c" "$T/example" ../phantom >"$T/c/out" 2>"$T/c/err"
rc=$?
expect "the C program runs: $(tail -1 "$T/c/err")" [ $rc = 0 ]
expect "it reads the volume" grep -qE '^48 x 48 x 48 voxels, mean [1-9][0-9.]*$' "$T/c/out"
# Half the volume within the whole one: 2 * 0.5 / 1.5, less what the surface gives up.
dice=$(sed -n 's/^Dice //p' "$T/c/out")
expect "Dice of a tumour and its half is about 2/3, here ${dice:-missing}" awk -v d="${dice:-0}" 'BEGIN { exit !(d > 0.55 && d < 0.75) }'
expect_ok 'tumour|label|uint8' "$VOXGAN" inspect "$T/c/edited.nii.gz"
# Externals carry the project's prefix. Names that C++, the linker or a sanitizer makes are not ours. An object whose source is gone
# is left from an earlier build.
others=$({ find "$BUILD/src" -name '*.o'; ls "$BUILD"/units/*.o 2>/dev/null; } | while read -r object; do
  source=${object#"$BUILD"/}
  [ ! -e "${source%.o}.c" ] && [ ! -e "${source%.o}.cpp" ] && [ ! -e "${object%.o}.cpp" ] || nm -g --defined-only "$object"
done | awk 'NF == 3 && $2 ~ /[TDBR]/ { print $3 }' | grep -vE '^(vg_|_|main$)')
expect "externals begin with vg_, unlike ${others:-none}" [ -z "$others" ]
if [ -z "${SANITIZE:-}" ]; then # a sanitizer must be loaded before Python
  env -C "$T/python" LD_LIBRARY_PATH="$root/$BUILD" /usr/bin/python3 "$T/example.py" ../phantom >"$T/python/out" 2>"$T/python/err"
  rc=$?
  expect "the Python program runs: $(tail -1 "$T/python/err")" [ $rc = 0 ]
  expect "Python prints the same" cmp "$T/c/out" "$T/python/out"
  expect "Python writes the same file" cmp "$T/c/edited.nii.gz" "$T/python/edited.nii.gz"
  if /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
    expect "the package's tests pass" env PYTHONDONTWRITEBYTECODE=1 VOXGAN_LIBRARY="$root/$BUILD/libvoxgan.so" /usr/bin/python3 python/tests/test_voxgan.py
  fi
fi
finish
