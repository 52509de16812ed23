"""Compares our radiomic features with pyradiomics', and FRD with frd-score's: radiomics_oracle.py FOLDER DISTANCES, as
write_radiomics fills the one and prints the other.

Settings are those of FRD v1 in three dimensions, and of v0. Prints the largest relative difference of each case, and fails above LIMIT.
frd-score's matrix root fails with fewer subjects than features (its distance of these sets is -5e42 before the logarithm).
Its own function therefore computes the distance of a few features, and the distance of all comes from singular values.
"""
import logging
import sys
import types
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from radiomics import featureextractor

sys.modules["cv2"] = types.SimpleNamespace(INTER_LINEAR=1)  # frd-score needs it to resize only
from frd_score import frd

LIMIT, LIMIT_DISTANCE = 1e-4, 0.01
SIDES = ("real", "synth")
GLCM = ("Autocorrelation JointAverage ClusterProminence ClusterShade ClusterTendency Contrast Correlation DifferenceAverage "
        "DifferenceEntropy DifferenceVariance JointEnergy JointEntropy Imc1 Imc2 Idm Idmn Id Idn InverseVariance "
        "MaximumProbability SumEntropy SumSquares").split()
PARAMETERS = {
    "imageType": {"Original": {}, "LoG": {"sigma": [2.0, 3.0, 4.0, 5.0]}, "Wavelet": {}},
    "featureClass": {"firstorder": [], "glcm": GLCM, "glrlm": [], "glszm": [], "ngtdm": []},
    "setting": {"normalize": True, "normalizeScale": 100, "interpolator": "sitkBSpline", "resampledPixelSpacing": [2, 2, 2],
                "padDistance": 10, "preCrop": True, "binWidth": 5, "voxelArrayShift": 300, "correctMask": True,
                "minimumROIDimensions": 1, "label": 1}}


def extractor_of(version):
    return frd.get_feature_extractor("v0") if version == "v0" else featureextractor.RadiomicsFeatureExtractor(PARAMETERS)


def features_of(version, image, mask, kind):
    found = extractor_of(version).execute(sitk.Cast(sitk.ReadImage(str(image)), kind), sitk.ReadImage(str(mask)))
    return {k: float(v) for k, v in found.items() if not k.startswith("diagnostics")}


def gap_of(ours, theirs):
    """Relative; 0 where both are undefined."""
    if np.isnan(ours) and np.isnan(theirs):
        return 0
    return abs(ours - theirs) / max(abs(theirs), 1e-6)


def check_features(version, path):
    ours = dict(line.rsplit(",", 1) for line in path.read_text().splitlines())
    theirs = features_of(version, path.with_suffix(".nii.gz"), path.with_name(path.stem + "_mask.nii.gz"), sitk.sitkFloat64)
    gaps = {k: gap_of(float(ours.get(k, "inf")), v) for k, v in theirs.items()}
    worst = sorted(gaps, key=lambda k: -gaps[k] if gaps[k] == gaps[k] else -np.inf)
    print(f"{version} {path.stem}: {len(theirs)} features, largest relative difference {gaps[worst[0]]:.2g} ({worst[0]})")
    if set(ours) == set(theirs) and gaps[worst[0]] <= LIMIT:
        return list(ours), True
    for k in worst[:8]:
        print(f"  differs: {k} is {ours.get(k)}, pyradiomics has {theirs[k]:.9g}")
    return list(ours), False


def exact(x, y):
    xc, yc = x - x.mean(0), y - y.mean(0)
    root = np.linalg.svd(xc @ yc.T, compute_uv=False).sum() / (len(x) - 1)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + ((xc ** 2).sum() + (yc ** 2).sum()) / (len(x) - 1) - 2 * root


def sets_of_v1(folder, names):
    """The two sets' features, scaled."""
    sets = []
    for side in SIDES:
        found = [features_of("v1", p, folder / f"{side}_masks" / p.name, sitk.sitkFloat32) for p in sorted((folder / side).iterdir())]
        sets.append(np.array([[f[name] for name in names] for f in found]))
    return [frd.z_score_normalize(s, 0, 1, base_distribution=sets[0]) for s in sets]


def lists_of(folder):
    return ([[str(p) for p in sorted((folder / (side + end)).iterdir())] for side in SIDES] for end in ("", "_masks"))


def sets_of_v0(folder, names):
    """The same by frd-score's own chain: its settings, features and scaling."""
    kind, span, _, _, base = frd._resolve_defaults("v0", None, None, None, None)
    images, masks = lists_of(folder)
    _, _, sets, found = frd.compute_statistics_of_paths(
        images, kind, span, extractor_of("v0"), paths_mask=masks, norm_ref=base, num_workers=1, frd_version="v0")
    order = [found.index(name.replace("original_", "")) for name in names]
    return [s[:, order] for s in sets]


def main():
    folder, ok, names, sets = Path(sys.argv[1]), True, {}, {}
    logging.disable(logging.CRITICAL)  # frd-score turns it on
    for version in ("v1", "v0"):
        for path in sorted((folder / version).glob("*.csv")):
            names[version], same = check_features(version, path)
            ok &= same
        sets[version] = (sets_of_v1 if version == "v1" else sets_of_v0)(folder / version, names[version])
    for line in Path(sys.argv[2]).read_text().splitlines():
        version, dims, ours = line.split()[0], int(line.split()[1]), float(line.split()[2])
        x, y = (s[:, :dims] for s in sets[version])
        d = exact(x, y) if dims >= len(x) else \
            frd.calculate_frechet_distance(x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False))
        all_theirs = {np.log(d) if version == "v1" else d}
        if version == "v0" and dims == len(names["v0"]):
            images, masks = lists_of(folder / "v0")
            all_theirs.add(frd.compute_frd(images, frd_version="v0", paths_masks=masks, num_workers=1))
        for theirs in all_theirs:
            print(f"{version} distance of {dims} features: {ours:.7g}, the oracle has {theirs:.7g}")
            ok &= abs(ours - theirs) <= LIMIT_DISTANCE * abs(theirs)
    return not ok


if __name__ == "__main__":
    sys.exit(main())
