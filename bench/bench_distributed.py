#!/usr/bin/python3
"""bench_distributed.py BUILD_DIR [--size N] [--ngf N ...] [--rounds N]: what it costs to train in several processes.

Two samples a step in all: voxgan in one process of two threads (batch 2), voxgan in two processes of one thread (batch 1 each), and
PyTorch's DistributedDataParallel over Gloo in two processes of one thread, which is tests/oracle/pix2pix.py with both networks wrapped.
Network and loss are those of bench_train.py. All stay open and step on request, in turns; the last column is the time that our two
processes waited for each other."""
import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "oracle"))
CIN, COUT, WARM_UP = 8, 4, 2
TARGET_ONE, TARGET_DDP = 0.95, 3.0


def peer(path, ngf):
    """Child: one rank of PyTorch's."""
    import numpy as np
    import pix2pix
    import torch
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    torch.manual_seed(0)
    dist.init_process_group("gloo")
    with np.load(path) as f:
        x, y = torch.from_numpy(f["x"]), torch.from_numpy(f["y"])
    model = pix2pix.Pix2Pix(3, CIN, COUT, ngf, ngf, x.shape[-1].bit_length() - 2)
    model.run_g = DistributedDataParallel(model.g)
    shared = DistributedDataParallel(model.d)
    trained = next(model.d.parameters())
    model.judge = lambda a, b: (shared if trained.requires_grad else model.d)(a, b)  # frozen in the generator's half
    for line in sys.stdin:
        print(json.dumps({"seconds": pix2pix.clock(model, x, y, int(line))}), flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Team:
    """Processes that step together."""

    def __init__(self, name, command, n):
        self.name, self.running, port = name, [], free_port()
        for rank in range(n):
            env = dict(os.environ, GLOG_minloglevel="3")
            if n > 1:
                env.update(RANK=str(rank), WORLD_SIZE=str(n), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(n),
                           MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
            self.running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env))

    def step(self, n):
        for p in self.running:
            p.stdin.write(f"{n}\n")
            p.stdin.flush()
        answers = [p.stdout.readline() for p in self.running]
        if not all(answers):
            sys.exit(f"bench_distributed: {self.name} ended")
        answers = [json.loads(a) for a in answers]
        return max(a["seconds"] for a in answers) / n, max(a.get("waited", 0) for a in answers) / n

    def end(self):
        for p in self.running:
            p.stdin.close()
        for p in self.running:
            p.wait()


def measure(build, size, ngf, rounds):
    import numpy as np
    import pix2pix

    steps = max(1, round(4 * (64 / size) ** 3 * (16 / ngf)))
    with tempfile.TemporaryDirectory() as folder:
        for batch in (1, 2):
            x, y = pix2pix.labels_and_images(np.random.default_rng(0), batch, CIN, COUT, (size,) * 3)
            pix2pix.write_safetensors(f"{folder}/{batch}.safetensors", {"input.0": x, "target.0": y}, {
                "in_channels": CIN, "out_channels": COUT, "patch": f"{size},{size},{size}", "ngf": ngf, "ndf": ngf,
                "levels": size.bit_length() - 2, "d_layers": 3, "dropout": 0, "precision": "fp32", "draw_weights": 1,
                "threads": batch})
            if batch == 1:
                np.savez(f"{folder}/peer.npz", x=x, y=y)
        ours = os.path.join(build, "tests/parity/gan_steps")
        teams = [Team("one process", [ours, "--time", f"{folder}/2.safetensors"], 1),
                 Team("two processes", [ours, "--time", f"{folder}/1.safetensors"], 2),
                 Team("DDP", [sys.executable, os.path.abspath(__file__), "--peer", f"{folder}/peer.npz", str(ngf)], 2)]
        for t in teams:
            t.step(WARM_UP)
        print(f"{size}^3, ngf {ngf}, {steps} steps of 2 samples; s/step\nround {'':4}" + "".join(f"{t.name:>15}" for t in teams)
              + f"{'waited':>10}", flush=True)
        runs = []
        for i in range(rounds):
            took = [t.step(steps) for t in teams]
            runs.append([t[0] for t in took] + [took[1][1]])
            print(f"{i + 1:5} {'':4}" + "".join(f"{v:15.3f}" for v in runs[-1][:3]) + f"{runs[-1][3]:10.3f}", flush=True)
        for t in teams:
            t.end()
    one, ddp = (statistics.median(r[k] / r[1] for r in runs) for k in (0, 2))
    waited = statistics.median(r[3] / r[1] for r in runs)
    print(f"two processes against one: {one:.2f} of its images a second (target {TARGET_ONE}); against DDP {ddp:.1f}x (target "
          f"{TARGET_DDP:.0f}x); waiting {100 * waited:.0f} % of a step", flush=True)
    return {"size": size, "ngf": ngf, "against_one": one, "against_ddp": ddp, "waiting": waited, "runs": runs}


def main():
    if sys.argv[1:2] == ["--peer"]:
        return peer(sys.argv[2], int(sys.argv[3]))
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("--size", type=int, default=64)
    p.add_argument("--ngf", type=int, nargs="+", default=[16, 32])
    p.add_argument("--rounds", type=int, default=5)
    a = p.parse_args()
    results = [measure(a.build, a.size, ngf, a.rounds) for ngf in a.ngf]
    os.makedirs("build/bench", exist_ok=True)
    with open("build/bench/distributed.json", "w") as f:
        json.dump(results, f, indent=1)
    return None


if __name__ == "__main__":
    main()
