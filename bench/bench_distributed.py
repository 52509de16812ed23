#!/usr/bin/python3
"""bench_distributed.py BUILD_DIR [--size N] [--ngf N ...] [--rounds N] [--network | --gpus DEVICE]: what it costs to train in several processes.

Two samples a step in all: voxgan in one process of two threads (batch 2), voxgan in two processes of one thread (batch 1 each), and
PyTorch's DistributedDataParallel over Gloo in two processes of one thread, which is tests/oracle/pix2pix.py with both networks wrapped. Each thread
is bound to a processor.
Network and loss are those of bench_train.py. All stay open and step on request, in turns; the last column is the time that our two
processes waited for each other.

--network: two processes of voxgan in two network namespaces, joined by wires of a given rate and delay (wire.c; root), with gradients in
fp32 and in bf16. What is hidden is 1 - the time that a process waits / the time that sums take.

--gpus cuda: 1, 2, 4 and 8 GPUs, where there are as many, with a batch of --batch each. `--gpus cpu` tries the same with two processes."""
import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "oracle"))
CIN, COUT, WARM_UP = 8, 4, 2
TARGET_ONE, TARGET_DDP = 0.95, 3.0
NETWORKS = [(None, None), (10, 0.1), (10, 1), (1, 0.1), (1, 1)]  # Gbit/s, ms; None: the loopback device


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


class Network:
    """Two namespaces and the wire between them. Rank R's commands begin with prefix[R]."""

    def __init__(self, build, gbit, ms):
        self.names, self.prefix, self.host, self.env, self.wire = [], [[], []], "127.0.0.1", {}, None
        if not gbit:
            return
        for k in range(2):
            name = f"voxgan-{os.getpid()}-{k}"
            subprocess.run(["ip", "netns", "add", name], check=True)
            self.names.append(name)
            self.prefix[k] = ["ip", "netns", "exec", name]
            for command in (["tuntap", "add", "dev", "wire0", "mode", "tun"], ["addr", "add", f"10.213.7.{k + 1}/24", "dev", "wire0"],
                            ["link", "set", "wire0", "mtu", "65000", "up"], ["link", "set", "lo", "up"]):
                subprocess.run([*self.prefix[k], "ip", *command], check=True)
        self.host, self.env = "10.213.7.1", {"GLOO_SOCKET_IFNAME": "wire0"}
        self.wire = subprocess.Popen([os.path.join(build, "bench/wire"), "wire0", *self.names, str(gbit), str(ms)], stdin=subprocess.PIPE)

    def end(self):
        if self.wire:
            self.wire.stdin.close()
            self.wire.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], check=True)


class Team:
    """Processes that step together."""

    def __init__(self, name, command, n, network=None, bound=True):
        """command: a list, or one for each rank. bound: a process of several, or a thread of one, has a processor of its own."""
        places = [str(p) for p in sorted(os.sched_getaffinity(0))]
        self.name, self.running, port = name, [], free_port()
        for rank in range(n):
            env = dict(os.environ, GLOG_minloglevel="3", **(network.env if network else {}))
            if n > 1:
                env.update(RANK=str(rank), WORLD_SIZE=str(n), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(n),
                           MASTER_ADDR=network.host if network else "127.0.0.1", MASTER_PORT=str(port))
            if bound and n == 1:
                env["GOMP_CPU_AFFINITY"] = " ".join(places)
            pin = ["taskset", "-c", places[rank % len(places)]] if bound and n > 1 else []
            whole = [*(network.prefix[rank] if network else []), *pin, *(command[rank] if isinstance(command[0], list) else command)]
            self.running.append(subprocess.Popen(whole, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env))

    def answers(self, n):
        for p in self.running:
            p.stdin.write(f"{n}\n")
            p.stdin.flush()
        answers = [p.stdout.readline() for p in self.running]
        if not all(answers):
            sys.exit(f"bench_distributed: {self.name} ended")
        return [json.loads(a) for a in answers]

    def step(self, n):
        answers = self.answers(n)
        return max(a["seconds"] for a in answers) / n, max(a.get("waited", 0) for a in answers) / n

    def end(self):
        for p in self.running:
            p.stdin.close()
        for p in self.running:
            p.wait()


def write_case(folder, size, ngf, batch, **more):
    """A file for gan_steps; more: further settings, as texts."""
    import numpy as np
    import pix2pix

    x, y = pix2pix.labels_and_images(np.random.default_rng(0), batch, CIN, COUT, (size,) * 3)
    path = f"{folder}/{batch}{''.join(more.values())}.safetensors".replace(":", "-")
    pix2pix.write_safetensors(path, {"input.0": x, "target.0": y}, {
        "in_channels": CIN, "out_channels": COUT, "patch": f"{size},{size},{size}", "ngf": ngf, "ndf": ngf,
        "levels": size.bit_length() - 2, "d_layers": 3, "dropout": 0, "precision": "fp32", "draw_weights": 1, "threads": batch, **more})
    return path, x, y


def measure_networks(build, size, ngf, rounds):
    """Step times over wires: a team of two for each kind of gradients, in turns."""
    ours, results = os.path.join(build, "tests/parity/gan_steps"), []
    steps = max(1, round(2 * (64 / size) ** 3 * (16 / ngf)))
    print(f"{size}^3, ngf {ngf}, a sample each in two processes of one thread\n{'Gbit/s':>7}{'ms':>6}{'gradients':>11}{'s/step':>9}{'MB/step':>9}"
          f"{'sums, s':>9}{'waits, s':>9}{'hidden':>8}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        cases = {kind: write_case(folder, size, ngf, 1, gradients=kind, shared_memory="0")[0] for kind in ("fp32", "bf16")}
        for gbit, ms in NETWORKS:
            network = Network(build, gbit, ms)
            try:
                teams = {kind: Team(kind, [ours, "--time", case], 2, network) for kind, case in cases.items()}
                runs = {kind: [] for kind in cases}
                for t in teams.values():
                    t.step(1)
                for _ in range(rounds):
                    for kind, t in teams.items():
                        both = t.answers(steps)
                        runs[kind].append([max(a[k] for a in both) / steps for k in ("seconds", "bytes", "sending", "waited")])
                for t in teams.values():
                    t.end()
            finally:
                network.end()
            for kind, r in runs.items():
                seconds, bytes_, sending, waited = (statistics.median(column) for column in zip(*r))
                print(f"{gbit or 'local':>7}{ms or '':>6}{kind:>11}{seconds:9.3f}{bytes_ / 1e6:9.1f}{sending:9.3f}{waited:9.3f}"
                      f"{max(0, 1 - waited / sending):8.0%}", flush=True)
                results.append({"size": size, "ngf": ngf, "gbit": gbit, "ms": ms, "gradients": kind, "seconds": seconds, "bytes": bytes_,
                                "sending": sending, "waited": waited})
    return results


def measure_gpus(build, device, size, ngf, batch, rounds):
    """Teams of 1, 2, 4 and 8; in turns, so that all have the same machine."""
    import torch

    most = torch.cuda.device_count() if device == "cuda" else 2
    ours, kind = os.path.join(build, "tests/parity/gan_steps"), "bf16" if device == "cuda" else "fp32"
    with tempfile.TemporaryDirectory() as folder:
        cases = [write_case(folder, size, ngf, batch, device=f"cuda:{r}" if device == "cuda" else "cpu", precision=kind, threads="1")[0]
                 for r in range(most)]
        teams = {n: Team(f"{n} processes", [[ours, "--time", c] for c in cases[:n]], n, bound=False) for n in (1, 2, 4, 8) if n <= most}
        runs = {n: [] for n in teams}
        steps = {n: max(2, round(0.5 / t.step(5 if device == "cuda" else 1)[0])) for n, t in teams.items()}
        for _ in range(rounds):
            for n, t in teams.items():
                runs[n].append(t.step(steps[n])[0])
        for t in teams.values():
            t.end()
    median = {n: statistics.median(r) for n, r in runs.items()}
    print(f"{size}^3, ngf {ngf}, batch {batch} each, on {device}\n{'processes':>10}{'ms/step':>10}{'samples/s':>11}{'efficiency':>12}")
    for n, seconds in median.items():
        print(f"{n:10}{1e3 * seconds:10.2f}{n * batch / seconds:11.1f}{median[1] / seconds:12.0%}", flush=True)
    return {"size": size, "ngf": ngf, "batch": batch, "seconds": median}


def measure(build, size, ngf, rounds):
    import numpy as np

    steps = max(1, round(4 * (64 / size) ** 3 * (16 / ngf)))
    with tempfile.TemporaryDirectory() as folder:
        write_case(folder, size, ngf, 2)
        _, x, y = write_case(folder, size, ngf, 1)
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
    p.add_argument("--batch", type=int, default=1)
    p.add_argument("--network", action="store_true")
    p.add_argument("--gpus", choices=["cuda", "cpu"])
    a = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # namespaces go
    if a.gpus:
        results = [measure_gpus(a.build, a.gpus, a.size, ngf, a.batch, a.rounds) for ngf in a.ngf]
    elif a.network:
        results = [r for ngf in a.ngf for r in measure_networks(a.build, a.size, ngf, a.rounds)]
    else:
        results = [measure(a.build, a.size, ngf, a.rounds) for ngf in a.ngf]
    os.makedirs("build/bench", exist_ok=True)
    with open(f"build/bench/distributed{'_network' if a.network else '_gpus' if a.gpus else ''}.json", "w") as f:
        json.dump(results, f, indent=1)
    return None


if __name__ == "__main__":
    main()
