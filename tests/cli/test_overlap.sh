# No command writes into what it reads, nor reads from what it writes: every option of every command that names a path.
. tests/cli/lib.sh

"$VOXGAN" phantom --out "$T/p" --subjects 3 --size 16 --seed 1 --anatomy 2>/dev/null || bad phantom
mkdir -p "$T/in/deep" "$T/out/deep" && ln -s "$T/in" "$T/link" && ln -s "$T/out" "$T/outlink"
for name in in out; do for file in deep/file file; do echo 1 >"$T/$name/$file"; done; done

# The values that help shows in place of a path; what each command writes.
paths='DIR|FILE|DIR\|FILE|RUN|MODEL|KEYFILE|DATA|CONFIG|PATH'
written() { case $1 in eval) echo "out write-baseline" ;; inspect | list | colours | completion | cache) ;; *) echo out ;; esac; }
count=0
for command in $("$VOXGAN" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
  [ -n "$(written "$command")" ] || continue
  "$VOXGAN" "$command" --help >"$T/help"
  usage=$(grep '^usage:' "$T/help")
  options=$(sed -nE "s/^  --([a-z-]+) ($paths)(\.\.\.)? .*/\1/p" "$T/help")
  arguments=$(echo "$usage" | sed -E 's/^usage: voxgan [a-z]+//; s/--.*//' | grep -oE "\b($paths|REAL|SYNTH)\b")
  # What the command asks for, so that parsing gets to the paths.
  required=$(echo "$usage" | grep -oE -- "--[a-z-]+ (DIR|FILE)" | sed 's/ .*//;s/^--//')
  for out in $(written "$command"); do
    for in in $options $arguments; do
      case " $(written "$command") " in *" $in "*) continue ;; esac
      for pair in "$T/in $T/in" "$T/in $T/in/deep" "$T/in/deep $T/in" "$T/link $T/in" "$T/in $T/link/new" "$T/out/deep/file $T/outlink"; do
        given=$([ "$command" != export ] || echo "--to onnx")
        for r in $required; do case $r in "$in" | "$out") ;; *) given="$given --$r $T/other-$r" ;; esac; done
        case $in in [A-Z]*) ;; *) given="$given --$in ${pair% *}" ;; esac
        # All arguments must be there.
        for a in $arguments; do [ "$in" = "$a" ] && given="$given ${pair% *}" || given="$given $T/other-$a"; done
        "$VOXGAN" "$command" $given --$out "${pair#* }" >/dev/null 2>"$T/err"
        rc=$?
        count=$((count + 1))
        if [ $rc = 2 ] && grep -q 'lie within one another' "$T/err"; then ok; else bad "$command $given --$out ${pair#* }: exit $rc: $(cat "$T/err")"; fi
      done
    done
  done
done
expect "all commands were walked" [ $count -ge 150 ]

# What no option names: the files of a manifest, the folders of a plan, files behind links.
{
  echo id,tumour
  for map in "$T"/p/*/*_seg.nii.gz; do echo "$(basename "$(dirname "$map")"),$map"; done
} >"$T/list.csv"
expect_fail 2 'lies in --out|lie within one another|which is not of this data set|was made by another command' "$VOXGAN" edit --labels "$T/list.csv" --out "$T/p" --sheet 0
"$VOXGAN" edit --labels "$T/p" --layout brats2021 --out "$T/s" --sheet 0 >/dev/null 2>&1
{
  echo id,tumour
  for map in "$T"/s/*/*_seg.nii.gz; do echo "$(basename "$(dirname "$map")"),$map"; done
} >"$T/list.csv"
expect_fail 2 'lies in --out' "$VOXGAN" edit --labels "$T/list.csv" --out "$T/s" --sheet 0 --overwrite
printf '{"cohorts": [{"name": "a", "count": 2, "hosts": {"path": "s", "layout": "brats2021"}, "edits": ["rotate:random"]}]}' >"$T/plan.json"
expect_fail 2 'lie within one another' "$VOXGAN" edit --plan "$T/plan.json" --out "$T/s" --sheet 0 --overwrite
expect_fail 2 'lie within one another' "$VOXGAN" edit --plan "$T/plan.json" --out "$T/s/new" --sheet 0
mkdir "$T/links" && cp -rs "$T/s/." "$T/links" 2>/dev/null
rm -rf "$T/links/.voxgan" "$T/links/manifest.csv" "$T/links/dataset_description.json"
expect_fail 2 'lies in --out' "$VOXGAN" edit --labels "$T/links" --layout brats2021 --out "$T/s" --sheet 0 --overwrite
expect_fail 2 'lies in --out' "$VOXGAN" eval --real "$T/links" --layout brats2021 --synth "$T/p" --synth-layout brats2021 --suite overlap --out "$T/s"
expect_ok 'all as the manifest says' "$VOXGAN" synth --verify "$T/s"

# A page about a run may lie in its folder, under its own name.
expect_fail 3 'no such folder|holds no run' "$VOXGAN" report "$T/in" --out "$T/in/report.html"
finish
