# Real tumours in real healthy brains, of another grid and orientation, measured by nibabel and SciPy.
. tests/cli/lib.sh
real=${VOXGAN_REAL_DATA:-}
if [ ! -d "$real/healthy" ] || [ ! -d "$real/brats2013" ]; then
  echo "skipped: no real volumes"
  exit 77
fi
cat >"$T/plan.json" <<PLAN
{
  "hosts": {"path": "$real/healthy", "layout": "bids", "anatomy_scheme": "tissues"},
  "donors": {"path": "$real/brats2013", "layout": "brats2013"},
  "cohorts": [
    {"name": "grafted", "count": 2, "edits": ["graft:donor=random,mass=0.7"]},
    {"name": "scaled", "count": 3, "edits": ["graft:donor=random"],
     "mix": [{"share": 1, "edits": ["scale:factor=0.5"]}, {"share": 1, "edits": ["scale:factor=1"]}, {"share": 1, "edits": ["scale:factor=2,mass=0.5"]}]},
    {"name": "moved", "count": 2, "edits": ["graft:donor=random", "scale:ml=15"], "balance": {"hemisphere": ["left", "right"]}},
    {"name": "low", "count": 1, "edits": ["graft:donor=random", "type:grade=low"]},
    {"name": "grown", "count": 1, "edits": ["grow:ml=20,mass=0.5"]}
  ]
}
PLAN
expect_ok '9 cases made' "$VOXGAN" edit --plan "$T/plan.json" --seed 8 --out "$T/set" --format brats2013 --sheet 9
expect_ok '9 cases, 0 faults' /usr/bin/python3 tests/oracle/study_oracle.py "$T/set" "$real/healthy" "$real/brats2013"
expect "sides as asked" sh -c "grep moved '$T/set/manifest.csv' | grep -q ,left, && grep moved '$T/set/manifest.csv' | grep -q ,right,"
expect "low grade does not enhance" [ "$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "enhancing_ml") c = i} /,low,/ {print $c + 0}' "$T/set/manifest.csv")" = 0 ]
finish
