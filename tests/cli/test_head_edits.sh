# Edits of whole heads: a skull that is labelled stays, and the brain is edited as if it were not there.
. tests/cli/lib.sh
v() { "$VOXGAN" "$@"; }
v phantom --out "$T/p" --subjects 3 --size 48 --seed 3 --anatomy 2>/dev/null || bad phantom
# The same brains with a skull of value 4 and without one. Under the tumours the anatomy is not known.
/usr/bin/python3 - "$T" <<'PY' || bad "the heads"
import glob, os, sys
import nibabel as nib, numpy as np
from scipy.ndimage import binary_dilation as grow
T = sys.argv[1]
load = lambda f: np.pad(np.asarray(nib.load(f).dataobj).astype(np.uint8), 6)
for f in sorted(glob.glob(f"{T}/p/*/*_anat.nii.gz")):
    seg = f.replace("_anat", "_seg")
    anatomy, tumour = load(f), load(seg)
    brain = (anatomy > 0) | (tumour > 0)
    anatomy[tumour > 0] = 0
    for kind in ("bare", "head"):
        if kind == "head": anatomy[grow(brain, iterations=5) & ~brain] = 4
        for name, values in ((f, anatomy), (seg, tumour)):
            out = name.replace("/p/", f"/{kind}/")
            os.makedirs(os.path.dirname(out), exist_ok=True)
            nib.save(nib.Nifti1Image(values, nib.load(f).affine), out)
PY
# Whether the skull is that of the hosts, and all else as in the bare brains.
same() { /usr/bin/python3 - "$T" <<'PY'
import glob, sys
import nibabel as nib, numpy as np
T = sys.argv[1]
load = lambda f: np.asarray(nib.load(f).dataobj)
maps = sorted(glob.glob(f"{T}/o/head/**/*_anat.nii.gz", recursive=True))
skull = lambda a: (a == 4).sum()
hosts = sorted(skull(load(f)) for f in glob.glob(f"{T}/head/*/*_anat.nii.gz"))
ok = len(maps) == 3 and hosts == sorted(skull(load(f)) for f in maps)
for f in maps:
    for g in (f, f.replace("_anat", "_seg")):
        a, b = load(g), load(g.replace("/o/head/", "/o/bare/"))
        ok &= bool((np.where(a == 4, 0, a) == b).all()) if g == f else bool((a == b).all())
sys.exit(not ok)
PY
}
for edit in scale:factor=1.5,mass=1 mirror:mass=1 graft:region=right-frontal,mass=1 deform:amplitude=6,mass=1 remove; do
  rm -rf "$T/o"
  for kind in head bare; do
    scheme=1=csf,2=gm,3=wm
    [ $kind = bare ] || scheme=$scheme,4=skull
    v edit --labels "$T/$kind" --donors "$T/$kind" --anatomy-scheme $scheme --out "$T/o/$kind" --edit $edit --seed 1 --sheet 0 \
      --format brats2021 >/dev/null 2>"$T/err" || { bad "$edit in $kind"; cat "$T/err"; }
  done
  expect "$edit: the skull stays, and the brain is as without it" same
done
finish
