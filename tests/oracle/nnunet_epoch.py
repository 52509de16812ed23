"""nnunet_epoch.py RAW NUMBER_NAME FOLDS: nnU-Net plans and preprocesses RAW/DatasetNUMBER_NAME, which `voxgan mix` wrote, trains an
epoch of its first fold on the CPU, and predicts the fold's validation cases.

nnU-Net's commands run as they are; only its network is made narrow, in the plans that it wrote, so that an epoch of 250 batches
takes a minute. Exits 1 with what is wrong.
"""
import glob
import json
import math
import os
import shutil
import sys
import tempfile
import time
import types

import torch

if int(torch.__version__.split(".")[0]) < 2:
    # nnU-Net asks whether a network was compiled, which PyTorch 1 cannot.
    dynamo = types.ModuleType("torch._dynamo")
    dynamo.OptimizedModule = type("OptimizedModule", (), {})
    sys.modules["torch._dynamo"] = torch._dynamo = dynamo


def want(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def call(entry, *arguments):
    """A command of nnU-Net, and the seconds that it took."""
    begun, sys.argv = time.time(), [entry.__name__, *arguments]
    entry()
    return time.time() - begun


def main(raw, name, n_folds, work):
    number = name.split("_")[0]
    # nnU-Net reads these when it is imported; the processes that it starts inherit them.
    os.environ.update(nnUNet_raw=raw, nnUNet_preprocessed=work + "/preprocessed", nnUNet_results=work + "/results",
                      nnUNet_n_proc_DA="1", nnUNet_compile="f", nnUNet_def_n_proc="1")
    from nnunetv2.experiment_planning.plan_and_preprocess_entrypoints import plan_and_preprocess_entry
    from nnunetv2.run.run_training import run_training_entry
    data = f"{os.environ['nnUNet_preprocessed']}/Dataset{name}"
    planned = call(plan_and_preprocess_entry, "-d", number, "--verify_dataset_integrity", "-npfp", "1", "-np", "1", "-c", "3d_fullres")
    with open(f"{raw}/Dataset{name}/dataset.json") as f:
        cases = json.load(f)["numTraining"]
    ready = glob.glob(f"{data}/nnUNetPlans_3d_fullres/*.pkl")
    want(len(ready) == cases, f"{len(ready)} of {cases} cases were preprocessed")
    with open(f"{data}/nnUNetPlans.json") as f:
        plans = json.load(f)
    network = plans["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]
    network["features_per_stage"] = [min(n // 4, 32) for n in network["features_per_stage"]]
    with open(f"{data}/nnUNetPlans.json", "w") as f:
        json.dump(plans, f)
    shutil.copy(f"{raw}/Dataset{name}/splits_final.json", data)
    os.environ["nnUNet_n_proc_DA"] = "0"  # batches are made in this process; planning refuses 0
    trained = call(run_training_entry, number, "3d_fullres", "0", "-tr", "nnUNetTrainer_1epoch", "-device", "cpu")

    with open(f"{data}/splits_final.json") as f:
        folds = json.load(f)
    want(len(folds) == n_folds, f"nnU-Net has {len(folds)} folds, not {n_folds}")
    result = f"{os.environ['nnUNet_results']}/Dataset{name}/nnUNetTrainer_1epoch__nnUNetPlans__3d_fullres/fold_0"
    want(os.path.exists(f"{result}/checkpoint_final.pth"), "no final checkpoint")
    (log,) = glob.glob(f"{result}/training_log_*.txt")
    with open(log) as f:
        said = f.read()
    want(f"{len(folds[0]['train'])} training and {len(folds[0]['val'])} validation cases" in said, "other cases than those of the fold")
    loss = [float(line.split()[-1]) for line in said.splitlines() if "train_loss" in line]
    want(len(loss) == 1 and math.isfinite(loss[0]), f"losses {loss}")
    with open(f"{result}/validation/summary.json") as f:
        scored = json.load(f)["metric_per_case"]
    names = sorted(os.path.basename(c["prediction_file"]).split(".")[0] for c in scored)
    want(names == sorted(folds[0]["val"]), f"predicted {names}")
    want(all(n.startswith("real_") for n in names), f"validated on {names}")
    regions = len(scored[0]["metrics"])
    want(regions == 3, f"{regions} regions are scored, not whole tumour, core and enhancing")
    print(f"nnU-Net: planned and preprocessed {cases} cases in {planned:.0f} s, trained an epoch and predicted {len(names)} real cases "
          f"in {trained:.0f} s; loss {loss[0]:.3f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3]), folder)
