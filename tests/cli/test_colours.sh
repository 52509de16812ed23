# colours: tables of label values that other programs read.
. tests/cli/lib.sh

expect_ok '' "$VOXGAN" colours brats
"$VOXGAN" colours brats >"$T/itk"
# ITK-SNAP reads index, three colours, opacity, two flags and a quoted name.
expect "ITK-SNAP's rows" [ "$(grep -cE '^ *[0-9]+( +[0-9]+){6} +"[^"]+"$' "$T/itk")" = 4 ]
expect "enhancing is 4" grep -qE '^ +4 .*"enhancing"' "$T/itk"
"$VOXGAN" colours tissues --format slicer >"$T/ctbl"
expect "3D Slicer's rows" [ "$(grep -cE '^[0-9]+ [a-z]+ [0-9]+ [0-9]+ [0-9]+ (0|255)$' "$T/ctbl")" = 4 ]
"$VOXGAN" colours freesurfer --format freesurfer >"$T/lut"
expect "a row a value" grep -qE '^1035 +cortical_gm +[0-9]+ +[0-9]+ +[0-9]+ 0$' "$T/lut"
expect "one colour a class" [ "$(awk '$2 == "wm" {print $3, $4, $5}' "$T/lut" | sort -u | wc -l)" = 1 ]
expect "another for another class" [ "$(awk '$1 == 2 || $1 == 3 {print $3, $4, $5}' "$T/lut" | sort -u | wc -l)" = 2 ]
expect "the colours of pictures" grep -q "^1 csf 230 159 0 255$" "$T/ctbl"
"$VOXGAN" phantom --out "$T/p" --subjects 1 --size 32 --layout brats2023 2>/dev/null || bad phantom
expect_ok '' "$VOXGAN" colours "$T/p"
"$VOXGAN" colours "$T/p" 2>/dev/null >"$T/data"
expect "the data set's own values" grep -qE '^ +3 .*"enhancing"' "$T/data"
expect_fail 2 'must be itksnap' "$VOXGAN" colours brats --format fsl
expect_fail 2 'did you mean' "$VOXGAN" colours brast
finish
