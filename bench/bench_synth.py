#!/usr/bin/python3
"""bench_synth.py BUILD_DIR: synthetic cases a minute, end to end, voxgan against plain PyTorch with nibabel.

100 edited cases of the phantom at 128^3, four series, by one generator (U-Net, ngf 16). voxgan edits the label maps,
makes the images and writes .nii.gz, manifest and hashes. The peer gets the label maps already edited and does what
anyone would write: nibabel load, one-hot, forward pass of the whole volume, intensities, nibabel save. Both are
processes of their own that make 20 cases a round, start-up included, on every core; rounds alternate. Afterwards
voxgan makes 10 and 100 cases in one process each, to show that memory does not grow with their number."""
import glob
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "oracle"))
SIZE, HOSTS, CASES, ROUNDS, NGF, TARGET = 128, 10, 100, 5, 16, 4.0
SERIES = {"t1": "t1", "t1c": "t1ce", "t2": "t2", "flair": "flair"}
EDITS = ["scale:factor=uniform(0.5,1.5),mass=0.5", "move:random"]


def peer(model, labels, out, part, parts, device="cpu", mode="eager"):
    """Child: plain PyTorch and nibabel over every parts-th case."""
    import nibabel
    import numpy as np
    import torch
    import pix2pix

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    weights = pix2pix.read_safetensors(model)
    with open(model, "rb") as f:
        prep = json.loads(json.loads(f.read(int.from_bytes(f.read(8), "little")))["__metadata__"]["prep"])
    levels = sum(name.startswith("g.down.") and name.endswith(".weight") for name in weights)
    ngf = len(weights["g.down.0.weight"])
    net = pix2pix.UNet(3, len(prep["classes"]), len(prep["series"]), ngf, levels)
    for side, blocks in (("down", net.down), ("up", net.up)):
        for i, block in enumerate(blocks):
            block.conv.weight.data = torch.from_numpy(weights[f"g.{side}.{i}.weight"].copy())
            bias = weights.get(f"g.{side}.{i}.bias")
            block.conv.bias.data = torch.from_numpy(bias.copy()) if bias is not None else torch.zeros_like(block.conv.bias)
    net = net.to(device)
    net = torch.compile(net) if mode == "compiled" else net
    torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True
    for seg_path in sorted(glob.glob(f"{labels}/*/*_seg.nii.gz"))[part::parts]:
        seg_file = nibabel.load(seg_path)
        seg = np.asarray(seg_file.dataobj)
        anatomy = np.asarray(nibabel.load(seg_path.replace("_seg", "_anat")).dataobj)
        klass = np.where(seg > 0, np.choose(np.minimum(seg, 4), [0, 4, 5, 0, 6]), anatomy)
        x = torch.from_numpy((klass.T[None] == np.arange(1, 7)[:, None, None, None]).astype(np.float32))[None]
        with torch.no_grad():
            y = net(x.to(device))[0].cpu().numpy()
        case = os.path.basename(seg_path)[:-len("_seg.nii.gz")]
        os.makedirs(f"{out}/{case}", exist_ok=True)
        for s, about in enumerate(prep["series"]):
            image = (y[s].T + 1) / 2 * (about["hi"] - about["lo"]) + about["lo"]
            image = np.where(klass > 0, np.rint(image), about["background"]).astype(np.int16)
            nibabel.save(nibabel.Nifti1Image(image, seg_file.affine), f"{out}/{case}/{case}_{SERIES[about['name']]}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(seg, seg_file.affine), f"{out}/{case}/{case}_seg.nii.gz")


def clock(command):
    """Seconds and peak bytes of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"bench_synth: {' '.join(command)}\n{errors.decode()}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def main(build):
    # Not imported here: the peaks of children count our memory at their start.
    missing = [name for name in ("nibabel", "torch") if not importlib.util.find_spec(name)]
    if missing:
        print(f"bench_synth: {sys.executable} has no {' and no '.join(missing)}; Debian has python3-torch and python3-nibabel, and PYTHON=... "
              "names another Python", file=sys.stderr)
        return 77
    voxgan = os.path.join(build, "voxgan")
    with tempfile.TemporaryDirectory() as t:
        clock([voxgan, "phantom", "--out", f"{t}/hosts", "--subjects", str(HOSTS), "--size", str(SIZE), "--anatomy", "--seed", "1"])
        clock([voxgan, "train", "--data", f"{t}/hosts", "--layout", "brats2021", "--out", f"{t}/run", "--set", f"net.ngf={NGF}",
               "--set", f"net.ndf={NGF}", "--set", "train.epochs=1", "--set", "train.patch=64,64,64"])
        model = f"{t}/run/model.safetensors"
        study = ["--labels", f"{t}/hosts", "--layout", "brats2021", "--per-case", str(CASES // HOSTS), "--sheet", "0"]
        for edit in EDITS:
            study += ["--edit", edit]
        clock([voxgan, "edit", *study, "--out", f"{t}/labels"])
        runs = []
        print(f"{'round':>5} {'voxgan cases/min':>17} {'PyTorch cases/min':>18}", flush=True)
        for i in range(ROUNDS):
            ours, memory = clock([voxgan, "synth", model, *study, "--out", f"{t}/ours", "--shard", f"{i + 1}/{ROUNDS}"])
            theirs, peer_memory = clock([sys.executable, os.path.abspath(__file__), "--peer", model, f"{t}/labels", f"{t}/peer",
                                         str(i), str(ROUNDS)])
            made = CASES // ROUNDS
            runs.append({"ours": 60 * made / ours, "peer": 60 * made / theirs})
            print(f"{i + 1:5} {runs[-1]['ours']:17.1f} {runs[-1]['peer']:18.1f}", flush=True)
        files = len(glob.glob(f"{t}/ours/*/*.nii.gz")), len(glob.glob(f"{t}/peer/*/*.nii.gz"))
        if files != (6 * CASES, 5 * CASES):
            sys.exit(f"bench_synth: wrote {files} files")
        few = clock([voxgan, "synth", model, *study, "--out", f"{t}/few", "--shard", f"1/{CASES // 10}"])[1]
        many = clock([voxgan, "synth", model, *study, "--out", f"{t}/many"])[1]
    import torch
    speed = {k: statistics.median(r[k] for r in runs) for k in ("ours", "peer")}
    ratio = speed["ours"] / speed["peer"]
    folder = os.path.join(build, "..", "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "synth.json"), "w") as f:
        json.dump({"ours": speed["ours"], "peer": speed["peer"], "ratio": ratio, "target": TARGET, "unit": "cases/min",
                   "runs": runs, "peak_bytes": {"ours": memory, "peer": peer_memory, "10 cases": few, "100 cases": many},
                   "threads": len(os.sched_getaffinity(0)), "peer_version": f"PyTorch {torch.__version__}"}, f, indent=2)
        f.write("\n")
    print(f"peak memory: voxgan {memory / 2**20:.0f} MiB, PyTorch {peer_memory / 2**20:.0f} MiB; voxgan over 10 cases "
          f"{few / 2**20:.0f} MiB, over 100 {many / 2**20:.0f} MiB")
    print(f"synth ratio: {ratio:.2f} (target {TARGET})")
    return 0


if __name__ == "__main__":
    if len(sys.argv) in (7, 9) and sys.argv[1] == "--peer":
        peer(*sys.argv[2:5], int(sys.argv[5]), int(sys.argv[6]), *sys.argv[7:])
    elif len(sys.argv) == 2:
        sys.exit(main(sys.argv[1]))
    else:
        sys.exit(__doc__)
