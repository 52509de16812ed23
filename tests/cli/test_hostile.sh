# Hostile input: pipes in place of files, grids and intensities that cannot be, small files that ask for much work. The program
# ends at once, with one line and the documented exit code; a signal or a time-out is a failure.
. tests/cli/lib.sh
v() { timeout 60 "$VOXGAN" "$@"; }

# make.py OUT [voxel mm] [origin mm] [low] [high]: data sets of three subjects whose t1 goes from low to high
cat >"$T/make.py" <<'P'
import json, os, struct, sys
def write(path, values, dtype, mm, origin):
    bits, code = {2: (8, 'B'), 16: (32, 'f')}[dtype]
    h = bytearray(352)
    struct.pack_into('<i', h, 0, 348); struct.pack_into('<8h', h, 40, 3, 8, 8, 8, 1, 1, 1, 1)
    struct.pack_into('<hh', h, 70, dtype, bits); struct.pack_into('<8f', h, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into('<fff', h, 108, 352, 1, 0); h[123] = 2; struct.pack_into('<hh', h, 252, 0, 1)
    for r in range(3): struct.pack_into('<4f', h, 280 + 16 * r, *[mm * (c == r) for c in range(3)], origin)
    h[344:348] = b'n+1\0'
    open(path, 'wb').write(bytes(h) + struct.pack('<512' + code, *values))
out, mm, origin, low, high = sys.argv[1], *map(float, sys.argv[2:6])
inner = [all(0 < c < 7 for c in (i % 8, i // 8 % 8, i // 64)) for i in range(512)]
for k in (1, 2, 3):
    d = f'{out}/P_{k}'; os.makedirs(d)
    write(f'{d}/P_{k}_seg.nii', [(1, 2, 4)[i % 3] if b and i % 8 > 3 else 0 for i, b in enumerate(inner)], 2, mm, origin)
    write(f'{d}/P_{k}_t1.nii', [(low if i % 2 else high) if b else 0.0 for i, b in enumerate(inner)], 16, mm, origin)
P
make() { /usr/bin/python3 "$T/make.py" "$@" || bad "make.py $*"; }
make "$T/sane" 1 0 1 100

# A pipe, a device or a folder is refused at once, whoever reads it.
mkfifo "$T/f.nii" "$T/f.csv" "$T/f.json" "$T/f.safetensors"
ln -s /dev/zero "$T/zero.nii"
mkdir "$T/folder.nii"
expect_fail 1 'f.nii: cannot read: is a pipe' v inspect "$T/f.nii"
expect_fail 1 'zero.nii: cannot read: is a device' v inspect "$T/zero.nii"
expect_fail 1 'f.safetensors: cannot read: is a pipe' v inspect "$T/f.safetensors"
expect_fail 1 'f.csv: cannot read: is a pipe' v inspect "$T/f.csv"
expect_fail 2 'f.json: cannot read: is a pipe' v edit --labels "$T/sane" --layout brats2021 --out "$T/o" --plan "$T/f.json" --dry-run
mkdir "$T/run"; mkfifo "$T/run/log.jsonl"; echo '{}' >"$T/run/config.json"
expect_fail 1 'log.jsonl: cannot read: is a pipe' v report "$T/run" --out "$T/x.html"

# Grids: one line that names the file and what is wrong with it.
for wrong in '1e-10 0 voxels.of' '1e7 0 voxels.of' '1 1e17 from.the.origin' '1e30 0 voxels.of' '1e-40 0 (voxels.of|cannot.place)'; do
  set -- $wrong
  rm -rf "$T/grid"; make "$T/grid" "$1" "$2" 1 100
  expect_fail 3 "P_1_seg.nii: .*$3" v inspect "$T/grid/P_1/P_1_seg.nii"
  expect_fail 3 "$3" v edit --labels "$T/grid" --layout brats2021 --out "$T/o" --edit grow:ml=1 --sheet 0
  expect_fail 3 "$3" v edit --labels "$T/grid" --layout brats2021 --out "$T/o2" --edit deform:target=all --sheet 0
  expect_fail 3 "$3" v eval --real "$T/grid" --synth "$T/grid" --layout brats2021 --synth-layout brats2021 --out "$T/e" --suite distribution,boundary
  rm -rf "$T/o" "$T/o2" "$T/e"
done

# Intensities: denormals and sums beyond a float are no contrast, not an index.
make "$T/denormal" 1 0 0 1e-40
make "$T/huge" 1 0 -3e38 3e38
make "$T/large" 1 0 -9e29 9e29
cp -r "$T/sane" "$T/told"
echo '{"voxgan":{"ranges":{"t1":{"lo":0,"hi":1e-40}}}}' >"$T/told/dataset_description.json"
cp -r "$T/sane" "$T/told_huge"
echo '{"voxgan":{"ranges":{"t1":{"lo":-1e308,"hi":1e308}}}}' >"$T/told_huge/dataset_description.json"
distribution() { v eval --real "$1" --synth "$2" --layout brats2021 --synth-layout brats2021 --out "$T/e_$RANDOM" --suite distribution,image; }
expect_fail 3 'P_1_t1.nii' distribution "$T/denormal" "$T/denormal"
expect_fail 3 'P_1_t1.nii: .*beyond 1e30' distribution "$T/huge" "$T/huge"
expect_ok '' distribution "$T/sane" "$T/told"
expect_ok '' distribution "$T/sane" "$T/told_huge"
expect_ok '' distribution "$T/large" "$T/large"
for set in denormal huge; do
  expect_fail 3 'P_1' v edit --labels "$T/$set" --layout brats2021 --out "$T/o_$set" --edit remove --sheet 0
done

# Numbers of a run's log: the report ends, with finite coordinates.
mkdir "$T/numbers"
echo '{"train":{"epochs":1e308}}' >"$T/numbers/config.json"
for pair in '1e308 -1e308' '5e-324 0' '1e-310 2e-310' '1e999 1' '123456789012345678 123456789012345679' 'null 1' '1e-300 1e300'; do
  set -- $pair
  for field in g_reconstruction epoch; do
    printf '{"kind":"epoch","epoch":1,"g_reconstruction":1,"d_real":%s,"%s":%s}\n' "$1" "$field" "$1" >"$T/numbers/log.jsonl"
    printf '{"kind":"epoch","epoch":2,"g_reconstruction":1,"d_real":%s,"%s":%s}\n' "$2" "$field" "$2" >>"$T/numbers/log.jsonl"
    expect_ok '' v report "$T/numbers" --out "$T/x.html"
    grep -qE '="([^"]*[ ML])?-?(inf|nan)[ "ML]' "$T/x.html" && bad "a coordinate of $pair is not finite"
  done
done

# Small files that would take much work.
/usr/bin/python3 - "$T" <<'P'
import json, struct, sys
T = sys.argv[1]
def model(name, text): open(f'{T}/{name}', 'wb').write(struct.pack('<Q', len(text)) + text)
model('many.safetensors', json.dumps({'__metadata__': {f'k{i}': '' for i in range(40000)}}).encode())
model('twice.safetensors', b'{"__metadata__":{"a":"1","a":"2"}}')
model('deep.safetensors', b'[' * 100000)
json.dump({'cohorts': [{'count': 1, 'edits': [';'.join(['mirror'] * 2000)]}]}, open(f'{T}/chain.json', 'w'))
json.dump({'cohorts': [{'count': 1000000, 'mix': [[{}]] * 2000}]}, open(f'{T}/mix.json', 'w'))
json.dump({'cohorts': [{'count': 1000000, 'mix': [{}] * 200, 'balance': {'volume_ml': list(range(1, 100))}}]}, open(f'{T}/levels.json', 'w'))
json.dump({'cohorts': [{'name': f'c{i}', 'count': 1000000} for i in range(500)]}, open(f'{T}/cohorts.json', 'w'))
json.dump({'cohorts': [{'count': 9, 'mix': [{'share': 1e308}, {'share': 1e308}]}]}, open(f'{T}/shares.json', 'w'))
open(f'{T}/deep.json', 'w').write('{"a":' * 5000)
open(f'{T}/values.json', 'w').write('[' + '0,' * 9000000 + '0]')
P
expect_fail 3 'many.safetensors: __metadata__ has 40000 entries' v inspect "$T/many.safetensors"
expect_fail 3 'twice.safetensors: __metadata__ a is there twice' v inspect "$T/twice.safetensors"
expect_fail 3 'deep.safetensors' v inspect "$T/deep.safetensors"
for plan in 'chain more.than.256.edits' 'mix at.most.16.lists' 'levels at.most.256.alternatives' 'cohorts more.than.1000000.cases' \
  'shares a.number.above.0' 'deep not.valid.JSON' 'values more.than.[0-9]+.values'; do
  set -- $plan
  expect_fail 2 "$1.json.*$2" v edit --plan "$T/$1.json" --labels "$T/sane" --layout brats2021 --dry-run
done

finish
