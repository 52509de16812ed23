#!/usr/bin/env python3
"""bench_gpu.py BUILD_DIR DEVICE [--dry]: training steps a second and synthesis end to end on a GPU, voxgan against plain
PyTorch. scripts/bench_gpu.sh builds and runs it.

Training: full D+G steps of 3-D pix2pix, 8 label channels to 4 series, at 64^3 and 128^3, ngf 32 and 64, batch 1 and 4;
batches come from pinned host memory. voxgan steps in bf16, as by default on a GPU, and in TF32. Peers are
tests/oracle/pix2pix.py eager (TF32), eager under bf16 autocast, and that compiled by torch.compile. All are processes
that step on request, for some tenths of a second each; rounds alternate. Synthesis: cases of 192x192x144 from label maps
on disk to NIfTI on disk, start-up included, against bench_synth.py's peer on the same device.

Beside the rates stand two floors of a step: its convolutions' arithmetic at the rate of large matrix products, and
their operands, each once a pass, at the rate of large copies (both measured, TF32 and 4 bytes; in the JSON also bf16).
--dry: tiny sizes, so that all of it can be tried on a CPU. Its figures mean nothing."""
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "oracle")]
CIN, COUT, WARM_UP = 8, 4, 5
OURS = {"voxgan": "bf16", "voxgan-tf32": "fp32"}
PEERS = {"eager": (False, False), "autocast": (True, False), "compiled": (True, True)}  # autocast, torch.compile
TRAIN_TARGET, SYNTH_TARGET = 1.5, 3.0  # of autocast's rate


def levels_of(size):
    return size.bit_length() - 2  # 64^3: 5


def start_torch(device):
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    return torch, torch.device(device)


def wait(torch, device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_bytes(torch, device):
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    import pix2pix
    return pix2pix.peak_bytes()


def peer(name, device):
    """Child: plain PyTorch. A line is a model to build ({"path", "size", "ngf"}), or steps to take, as gan_steps --time has
    them; each is answered by a line."""
    import numpy as np
    import pix2pix

    torch, device = start_torch(device)
    autocast, compiled = PEERS[name]
    model = None
    for line in sys.stdin:
        order = json.loads(line)
        if isinstance(order, dict):
            model = None
            if device.type == "cuda":
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats(device)
            with np.load(order["path"]) as f:
                x, y = torch.from_numpy(f["x"]), torch.from_numpy(f["y"])
            if device.type == "cuda":
                x, y = x.pin_memory(), y.pin_memory()
            model = pix2pix.Pix2Pix(3, CIN, COUT, order["ngf"], order["ngf"], levels_of(order["size"]), device=device,
                                    autocast=autocast, compiled=compiled)
            order, built = WARM_UP, True
        else:
            built = False
        start = time.perf_counter()
        for _ in range(order):
            model.step(x.to(device, non_blocking=True), y.to(device, non_blocking=True), read=False)
        wait(torch, device)
        if built and device.type == "cuda":
            torch.cuda.empty_cache()  # other sizes wait beside this one
        print(json.dumps({"steps": order, "seconds": time.perf_counter() - start, "peak_bytes": peak_bytes(torch, device)}),
              flush=True)


def rates(device, dry):
    """Child: what the device does at best. Flop/s of matrix products in TF32 and bf16, bytes/s of copies (read + write)."""
    torch, device = start_torch(device)
    n, elements = (256, 1 << 18) if dry else (8192, 1 << 28)

    def best(work):
        times = []
        for _ in range(6):
            start = time.perf_counter()
            work()
            wait(torch, device)
            times.append(time.perf_counter() - start)
        return min(times[1:])

    out = {}
    for name, dtype in (("tf32", torch.float32), ("bf16", torch.bfloat16)):
        a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
        out[name] = 2 * n**3 / best(lambda: a @ b)
    a, b = torch.zeros(elements, device=device), torch.zeros(elements, device=device)
    out["copy"] = 8 * elements / best(lambda: b.copy_(a))
    print(json.dumps(out))


def convolutions(size, ngf):
    """Of a forward pass of one sample: flop, elements in and out, of the generator's and of the discriminator's."""
    levels = levels_of(size)
    width = [ngf * min(2**i, 8) for i in range(levels)]
    g, d, n = [], [], size
    for i in range(levels):
        n //= 2
        outer = width[i - 1] if i else None
        for cin, cout, up in ((outer or CIN, width[i], False),
                              (width[i] * (1 if i == levels - 1 else 2), outer or COUT, True)):
            big, small = 8 * n**3, n**3
            g.append((2 * small * cin * cout * 64, (small if up else big) * cin, (big if up else small) * cout))
    cin, n = CIN + COUT, size
    for cout in (ngf, 2 * ngf, 4 * ngf, 8 * ngf, 1):
        out = n // 2 if cout < 8 * ngf and cout > 1 else n - 1
        d.append((2 * out**3 * cin * cout * 64, n**3 * cin, out**3 * cout))
        cin, n = cout, out
    return g, d


def work_of_step(size, ngf, batch):
    """Flop and elements that the convolutions of one step need at least. G goes forward once, and back to both
    operands; D forward three times, back to both operands for real and fake, and to its input alone for G. What would
    reach only the labels is not counted."""
    flop = elements = 0
    for net, passes, of_first in zip(convolutions(size, ngf), (3, 8), (2, 6)):
        for i, (f, a, b) in enumerate(net):
            flop += f * (passes if i else of_first) * batch
            elements += (a + b) * (passes if i else of_first) * batch
    return flop, elements


def child(*command):
    errors = tempfile.TemporaryFile("w+")
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
    process.errors = errors
    return process


def myself(*arguments):
    return child(sys.executable, os.path.abspath(__file__), *arguments)


def tell(process, order):
    try:
        process.stdin.write(f"{json.dumps(order)}\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # answer() says so


def answer(process):
    """None when the child is not there any more, as one that the memory does not hold."""
    line = process.stdout.readline()
    return json.loads(line) if line else None


def last_words(process):
    process.wait()
    process.errors.seek(0)
    lines = process.errors.read().strip().splitlines()
    return lines[-1] if lines else f"ended with {process.returncode}"


class Setting:
    """A size of training: its files, and a process of torch.compile's, so that all sizes compile side by side before
    anything is measured."""

    def __init__(self, build, device, folder, key):
        import numpy as np
        import torch
        import pix2pix

        self.key, self.build = key, build
        size, ngf, batch = key
        x, y = pix2pix.labels_and_images(np.random.default_rng(0), batch, CIN, COUT, (size,) * 3)
        torch.manual_seed(0)
        arrays = pix2pix.Pix2Pix(3, CIN, COUT, ngf, ngf, levels_of(size)).state()
        arrays.update({"input.0": x, "target.0": y})
        path = os.path.join(folder, "x".join(map(str, key)))
        self.order = {"path": path + ".npz", "size": size, "ngf": ngf}
        np.savez(self.order["path"], x=x, y=y)
        self.ours = {}
        for name, precision in OURS.items():
            self.ours[name] = f"{path}-{precision}.safetensors"
            pix2pix.write_safetensors(self.ours[name], arrays, {
                "in_channels": CIN, "out_channels": COUT, "patch": f"{size},{size},{size}", "ngf": ngf, "ndf": ngf,
                "levels": levels_of(size), "d_layers": 3, "dropout": 0, "device": device, "precision": precision})
        self.compiled = myself("--peer", "compiled", device) if hasattr(torch, "compile") else None
        if self.compiled:
            tell(self.compiled, self.order)

    def wait(self):
        if self.compiled:
            answer(self.compiled)

    def measure(self, shared, rounds, seconds):
        """Per name: steps/s of each round and peak bytes, or the reason why there are none."""
        running = {name: child(os.path.join(self.build, "tests/parity/gan_steps"), "--time", path)
                   for name, path in self.ours.items()}
        for process in running.values():
            tell(process, WARM_UP)
        for process in shared.values():
            tell(process, self.order)
        running.update(shared)
        if self.compiled:
            tell(self.compiled, WARM_UP)
            running["compiled"] = self.compiled
        out, steps = {name: {"rates": [], "peak_bytes": 0} for name in running}, {}
        for i in range(-2, rounds):
            for name in list(running):
                if i >= -1:  # all have warmed up: cuDNN's search, the recording
                    tell(running[name], steps.get(name, WARM_UP))
                a = answer(running[name])
                if a is None:
                    out[name] = {"failed": last_words(running.pop(name))}
                elif i == -1:
                    steps[name] = max(2, round(seconds * a["steps"] / a["seconds"]))
                elif i >= 0:
                    out[name]["rates"].append(a["steps"] / a["seconds"])
                    out[name]["peak_bytes"] = a["peak_bytes"]
        for name, process in running.items():
            if name not in shared:
                process.communicate()
        for name in shared.keys() - running.keys():
            del shared[name]
        return out


def rate(result):
    return statistics.median(result["rates"]) if result.get("rates") else None


def say_train(key, results, floors):
    size, ngf, batch = key
    print(f"{size}^3 ngf {ngf} batch {batch}: floors by arithmetic {1e3 * floors['arithmetic_bf16']:.2f} ms in bf16, "
          f"{1e3 * floors['arithmetic']:.2f} in TF32; by bytes {1e3 * floors['bytes_bf16']:.2f} and {1e3 * floors['bytes']:.2f}")
    for name, r in results.items():
        if rate(r):
            print(f"  {name:11} {rate(r):9.2f} steps/s {1e3 / rate(r):10.2f} ms {r['peak_bytes'] / 2**20:8.0f} MiB")
        else:
            print(f"  {name:11} {r.get('failed')}")
    sys.stdout.flush()


def synth(build, device, folder, dry):
    """Cases a minute of voxgan and of plain PyTorch with nibabel, rounds alternating; torch.compile's are of one round, for
    it takes longest and wins nothing in so few cases."""
    import torch
    from bench_synth import clock

    size, cases, ngf, patch, rounds = ("32,32,24", 2, 4, 16, 1) if dry else ("192,192,144", 8, 32, 64, 3)
    voxgan, hosts, model = os.path.join(build, "voxgan"), f"{folder}/hosts", f"{folder}/run/model.safetensors"
    clock([voxgan, "phantom", "--out", hosts, "--subjects", str(cases), "--size", size, "--anatomy", "--seed", "1"])
    clock([voxgan, "train", "--data", hosts, "--layout", "brats2021", "--out", f"{folder}/run", "--device", device, "--set",
           f"net.ngf={ngf}", "--set", f"net.ndf={ngf}", "--set", "train.epochs=1", "--set",
           f"train.patch={patch},{patch},{patch}"])
    peer_script = os.path.join(HERE, "bench_synth.py")
    runs = {"voxgan": []}
    for i in range(rounds):
        seconds, _ = clock([voxgan, "synth", model, "--labels", hosts, "--layout", "brats2021", "--out", f"{folder}/made{i}",
                            "--device", device])
        runs["voxgan"].append(60 * cases / seconds)
        for mode in ("eager", "compiled") if hasattr(torch, "compile") and i == 0 else ("eager",):
            seconds, _ = clock([sys.executable, peer_script, "--peer", model, hosts, f"{folder}/{mode}{i}", "0", "1", device, mode])
            runs.setdefault(mode, []).append(60 * cases / seconds)
    images = [len(glob.glob(f"{folder}/{name}0/*/*_t1.nii.gz")) for name in ("made", "eager")]
    if images != [cases, cases]:
        sys.exit(f"bench_gpu: {images} images were written, {cases} wanted of each")
    return {name: statistics.median(r) for name, r in runs.items()}


def main(build, device, dry):
    try:
        import nibabel  # noqa: F401, the peer of synthesis reads and writes by it
        import torch
    except ImportError as e:
        sys.exit(f"bench_gpu: {e}: {sys.executable} must have torch, numpy and nibabel")
    rounds, seconds = (2, 0.1) if dry else (5, 0.4)
    keys = [(32, 2, 1), (32, 4, 2)] if dry else [(s, n, b) for s in (64, 128) for n in (32, 64) for b in (1, 4)]
    table, ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = [Setting(build, device, folder, key) for key in keys]
        for setting in settings:
            setting.wait()
        measure = myself("--rates", device, "dry" if dry else "whole")
        best = json.loads(measure.communicate()[0] or sys.exit(f"bench_gpu: {last_words(measure)}"))
        print(f"device {torch.cuda.get_device_name(device) if device != 'cpu' else 'cpu'}, PyTorch {torch.__version__}: "
              f"{best['tf32'] / 1e12:.3g} Tflop/s TF32, {best['bf16'] / 1e12:.3g} bf16, {best['copy'] / 1e9:.3g} GB/s")
        shared = {name: myself("--peer", name, device) for name in PEERS if name != "compiled"}
        for setting in settings:
            key, results = setting.key, setting.measure(shared, rounds, seconds)
            flop, elements = work_of_step(*key)
            floors = {"arithmetic": flop / best["tf32"], "bytes": 4 * elements / best["copy"],
                      "arithmetic_bf16": flop / best["bf16"], "bytes_bf16": 2 * elements / best["copy"]}
            say_train(key, results, floors)
            table.append({"size": key[0], "ngf": key[1], "batch": key[2], "floors": floors, "results": results})
            if "autocast" in results and rate(results["voxgan"]) and rate(results["autocast"]):
                ratios.append(rate(results["voxgan"]) / rate(results["autocast"]))
        for process in shared.values():
            process.communicate()
        cases = synth(build, device, folder, dry)
    print("synthesis, cases/min: " + ", ".join(f"{name} {value:.1f}" for name, value in cases.items()))
    result = {"device": device, "dry": dry, "peer_version": f"PyTorch {torch.__version__}", "rates": best, "train": table,
              "train_ratios": ratios, "train_target": TRAIN_TARGET, "synth": cases, "synth_target": SYNTH_TARGET}
    folder = os.path.join(build, "..", "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "gpu-dry.json" if dry else "gpu.json"), "w") as f:
        json.dump(result, f, indent=2)
        f.write("\n")
    if ratios:
        print(f"gpu-train ratio: {min(ratios):.2f}, the least of {len(ratios)} (target {TRAIN_TARGET})")
    print(f"gpu-synth ratio: {cases['voxgan'] / cases['eager']:.2f} (target {SYNTH_TARGET})")


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--peer":
        peer(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 4 and sys.argv[1] == "--rates":
        rates(sys.argv[2], sys.argv[3] == "dry")
    elif len(sys.argv) in (3, 4) and sys.argv[3:] in ([], ["--dry"]):
        main(sys.argv[1], sys.argv[2], len(sys.argv) == 4)
    else:
        sys.exit(__doc__)
