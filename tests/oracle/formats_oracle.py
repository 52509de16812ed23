"""formats_oracle.py DIR...: data sets that voxgan wrote, as other programs read them.

nibabel reads every volume: the files of a case share their grid, label maps are whole numbers, and headers
carry geometry alone. An nnU-Net data set must pass nnU-Net's own integrity check, a BIDS one the BIDS
validator. Exits 1 with what is wrong, and 77 where such a program is not installed (scripts/oracles.sh does).
"""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys

import nibabel as nib
import numpy as np


class Disagreement(Exception):
    pass


def want(condition, message):
    if not condition:
        raise Disagreement(message)


def volumes(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        yield from (os.path.join(folder, f) for f in sorted(files) if f.endswith((".nii", ".nii.gz")))


def role(path):
    """(case, is a label map) by the names that the formats give."""
    folder, name = os.path.split(path)
    stem = name.split(".nii")[0]
    if os.path.basename(folder) in ("imagesTr", "labelsTr", "anatomyTr"):
        image = os.path.basename(folder) == "imagesTr"
        return re.sub(r"_\d{4}$", "", stem) if image else stem, not image
    if stem.startswith("sub-"):
        return re.match(r"sub-[^_]+(_ses-[^_]+)?", stem).group(0), stem.endswith("_dseg")
    return re.sub(r"[-_][a-z0-9]+$", "", stem), stem.endswith(("seg", "anat"))


def check_volumes(root):
    cases = collections.defaultdict(list)
    for path in volumes(root):
        image = nib.load(path)
        case, labels = role(path)
        header = image.header
        want(len(image.shape) == 3, f"{path}: shape {image.shape}")
        want(header["sform_code"] > 0 and header["qform_code"] > 0, f"{path}: sform or qform is not set")
        want(np.allclose(image.get_sform(), image.get_qform(), atol=2e-4), f"{path}: sform and qform differ")
        text = b"".join(bytes(header[f]) for f in ("descrip", "aux_file", "intent_name", "db_name")).strip(b"\0")
        text = re.sub(rb"^synthetic: voxgan [0-9.]+$", b"", text)
        want(not text and not header.extensions, f"{path}: its header says more than geometry: {text!r}")
        try:
            data = np.asanyarray(image.dataobj)
        except (OSError, EOFError) as fault:
            raise Disagreement(f"{path}: {fault}") from fault
        want(np.isfinite(data).all(), f"{path}: not finite")
        if labels:
            want(data.dtype.kind in "iu", f"{path}: labels of type {data.dtype}")
        cases[case].append((path, image.shape, image.affine, labels))
    want(cases, f"{root}: no volume")
    for case, files in cases.items():
        first = files[0]
        for path, shape, affine, _ in files[1:]:
            want(shape == first[1] and np.allclose(affine, first[2], atol=1e-4),
                 f"{path}: not on the grid of {first[0]}")
        want(len(files) == len(next(iter(cases.values()))), f"{root}: case {case} has {len(files)} files")
    return len(cases), sum(len(f) for f in cases.values())


def check_nnunet(root):
    from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity
    try:
        verify_dataset_integrity(root, num_processes=1)
    except Exception as fault:
        raise Disagreement(f"{root}: nnU-Net refuses it: {fault!r}") from fault


def check_bids(root):
    validator = shutil.which("bids-validator-deno", path=os.path.dirname(sys.executable) + ":" + os.environ["PATH"])
    if not validator:
        raise ImportError("bids-validator-deno")
    run = subprocess.run([validator, "--json", root], capture_output=True, text=True)
    issues = json.loads(run.stdout)["issues"]["issues"]
    errors = [i for i in issues if i["severity"] == "error"]
    for i in {json.dumps([i["severity"], i["code"], i.get("subCode", "")]) for i in issues}:
        print("  bids-validator:", *json.loads(i))
    want(run.returncode == 0 and not errors,
         f"{root}: the BIDS validator refuses it: " + "; ".join(f"{e['code']} {e.get('location', '')}" for e in errors))


def check(root):
    said = []
    for pattern in ("dataset.json", "Dataset*/dataset.json"):
        for description in glob.glob(os.path.join(root, pattern)):
            check_nnunet(os.path.dirname(description))
            said.append("nnU-Net")
    if glob.glob(os.path.join(root, "sub-*")):
        check_bids(root)
        said.append("the BIDS validator")
    cases, files = check_volumes(root)
    print(f"{root}: {cases} cases, {files} volumes: accepted by {', '.join(said + ['nibabel'])}")


if __name__ == "__main__":
    try:
        for folder in sys.argv[1:]:
            check(folder)
    except Disagreement as fault:
        sys.exit(f"FAILED: {fault}")
    except ImportError as fault:
        print(f"SKIP: {fault}")
        sys.exit(77)
