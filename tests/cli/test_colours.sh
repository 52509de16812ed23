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
# A class has one colour, whatever the list that it stands in, and in the tables of BIDS too.
colour() { "$VOXGAN" colours "$1" --format slicer | awk -v c="$2" '$2 == c {print $3, $4, $5}' | sort -u; }
for pair in "brats brats2023 enhancing" "brats brats2024-ped oedema" "tissues bids csf" "freesurfer tissues wm" \
  "1=rim:tumour,2=necrosis:tumour brats necrosis" "1=t1_cluster2,7=t1_cluster3 3=t1_cluster3,4=t1_cluster2 t1_cluster3"; do
  set -- $pair
  expect "one colour for $3" [ -n "$(colour "$1" "$3")" -a "$(colour "$1" "$3")" = "$(colour "$2" "$3")" ]
done
expect "no two of twelve classes share one" [ "$("$VOXGAN" colours 1=a,2=b,3=c,4=d,5=e,6=f,7=g,8=h,9=i,10=j,11=k,12=l --format slicer |
  awk '$1 > 0 && !/^#/ {print $3, $4, $5}' | sort -u | wc -l)" = 12 ]
"$VOXGAN" phantom --out "$T/p" --subjects 1 --size 32 --layout brats2023 2>/dev/null || bad phantom
expect_ok '' "$VOXGAN" colours "$T/p"
"$VOXGAN" colours "$T/p" 2>/dev/null >"$T/data"
expect "the data set's own values" grep -qE '^ +3 .*"enhancing"' "$T/data"
"$VOXGAN" edit --labels "$T/p" --edit mirror --format bids --out "$T/bids" --sheet 0 >/dev/null 2>&1 || bad edit
expect "BIDS has the same" grep -rqiE "	oedema	#56b4e9" "$T/bids" --include='*dseg.tsv'
expect_fail 2 'must be itksnap' "$VOXGAN" colours brats --format fsl
expect_fail 2 'did you mean' "$VOXGAN" colours brast
finish
