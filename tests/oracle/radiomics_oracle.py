"""Compares our radiomic features with pyradiomics', and FRD with frd-score's: radiomics_oracle.py FOLDER DISTANCES, as
write_radiomics fills the one and prints the other.

Settings are those of FRD v1 in three dimensions. Prints the largest relative difference of each case, and fails above LIMIT.
frd-score's matrix root fails with fewer subjects than features (its distance of these sets is -5e42 before the logarithm).
Its own function therefore computes the distance of a few features, and the distance of all comes from singular values.
"""
import logging
import sys
import types
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from radiomics import featureextractor, setVerbosity

sys.modules["cv2"] = types.SimpleNamespace(INTER_LINEAR=1)  # frd-score needs it to resize only
from frd_score import frd

LIMIT, LIMIT_DISTANCE = 1e-4, 0.01
GLCM = ("Autocorrelation JointAverage ClusterProminence ClusterShade ClusterTendency Contrast Correlation DifferenceAverage "
        "DifferenceEntropy DifferenceVariance JointEnergy JointEntropy Imc1 Imc2 Idm Idmn Id Idn InverseVariance "
        "MaximumProbability SumEntropy SumSquares").split()
PARAMETERS = {
    "imageType": {"Original": {}, "LoG": {"sigma": [2.0, 3.0, 4.0, 5.0]}, "Wavelet": {}},
    "featureClass": {"firstorder": [], "glcm": GLCM, "glrlm": [], "glszm": [], "ngtdm": []},
    "setting": {"normalize": True, "normalizeScale": 100, "interpolator": "sitkBSpline", "resampledPixelSpacing": [2, 2, 2],
                "padDistance": 10, "preCrop": True, "binWidth": 5, "voxelArrayShift": 300, "correctMask": True,
                "minimumROIDimensions": 1, "label": 1}}


def features_of(image, mask, kind):
    extractor = featureextractor.RadiomicsFeatureExtractor(PARAMETERS)
    found = extractor.execute(sitk.Cast(sitk.ReadImage(str(image)), kind), sitk.ReadImage(str(mask)))
    return {k: float(v) for k, v in found.items() if not k.startswith("diagnostics")}


def check_features(path):
    ours = dict(line.rsplit(",", 1) for line in path.read_text().splitlines())
    theirs = features_of(path.with_suffix(".nii.gz"), path.with_name(path.stem + "_mask.nii.gz"), sitk.sitkFloat64)
    gaps = {k: abs(float(ours.get(k, "nan")) - v) / max(abs(v), 1e-6) for k, v in theirs.items()}
    worst = sorted(gaps, key=lambda k: -gaps[k] if gaps[k] == gaps[k] else -np.inf)
    print(f"{path.stem}: {len(theirs)} features, largest relative difference {gaps[worst[0]]:.2g} ({worst[0]})")
    if set(ours) == set(theirs) and gaps[worst[0]] <= LIMIT:
        return list(ours), True
    for k in worst[:8]:
        print(f"  differs: {k} is {ours.get(k)}, pyradiomics has {theirs[k]:.9g}")
    return list(ours), False


def exact(x, y):
    xc, yc = x - x.mean(0), y - y.mean(0)
    root = np.linalg.svd(xc @ yc.T, compute_uv=False).sum() / (len(x) - 1)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + ((xc ** 2).sum() + (yc ** 2).sum()) / (len(x) - 1) - 2 * root


def main():
    folder, ok = Path(sys.argv[1]), True
    setVerbosity(logging.ERROR)
    for path in sorted(folder.glob("*.csv")):
        names, same = check_features(path)
        ok &= same
    sets = []
    for side in ("real", "synth"):
        paths = sorted((folder / side).iterdir())
        found = [features_of(p, folder / f"{side}_masks" / p.name, sitk.sitkFloat32) for p in paths]
        sets.append(np.array([[f[name] for name in names] for f in found]))
    for line in Path(sys.argv[2]).read_text().splitlines():
        dims, ours = int(line.split()[0]), float(line.split()[1])
        x, y = (frd.z_score_normalize(s[:, :dims], 0, 1, base_distribution=sets[0][:, :dims]) for s in sets)
        d = exact(x, y) if dims >= len(x) else \
            frd.calculate_frechet_distance(x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False))
        gap = abs(ours - np.log(d)) / abs(np.log(d))
        print(f"distance of {dims} features: {ours:.6g}, the oracle has {np.log(d):.6g}")
        ok &= gap <= LIMIT_DISTANCE
    return not ok


if __name__ == "__main__":
    sys.exit(main())
