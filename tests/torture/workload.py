"""workload.py: the commands that the campaigns disturb, on tiny phantoms, and what must be true of their results."""
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

LAYOUT = ["--layout", "brats2021"]
NETWORK = ("--threads 1 --set net.ngf=4 --set net.ndf=4 --set net.d_layers=1 --set data.val_share=0.3 "
           "--set train.validate_every=1 --set train.keep=3").split()
STUDY = ["--threads", "1", "--per-case", "2"]
COMMANDS = {
    "split": ["split", "p", *LAYOUT, "--share", "0.5", "--seed", "1"],
    "join": ["join", "--tumour", "p", "--anatomy", "q", *LAYOUT, "--anatomy-layout", "brats2021", "--threads", "1"],
    "edit": ["edit", "--labels", "p", *LAYOUT, *STUDY, "--edit", "scale:factor=1.2"],
    "eval": ["eval", "--real", "p", "--synth", "q", *LAYOUT, "--synth-layout", "brats2021", "--suite", "overlap,image",
             "--threads", "1"],
    "synth": ["synth", "run", "--labels", "p", *LAYOUT, *STUDY, "--edit", "scale:factor=1.1"],
    "train": ["train", "--data", "p", *LAYOUT, *NETWORK, "--set", "train.epochs=3", "--resume"],
    "experiment": ["experiment", "--real", "p", "--synth", "q", *LAYOUT, "--synth-layout", "brats2021", "--unchecked", *NETWORK,
                   "--set", "train.patch=16,16,16", "--set", "train.epochs=1", "--set", "train.samples=2", "--rows",
                   "real,synthetic", "--augmentation", "on", "--seeds", "1"],
}
# Several processes that train one model; a campaign of its own ends them.
CREW = "processes"
ALL_COMMANDS = {**COMMANDS, CREW: ["train", "--data", "p", *LAYOUT, *NETWORK, "--set", "train.epochs=40", "--set", "train.checkpoint_steps=1",
                                   "--processes", "2", "--resume"]}
NEED_TORCH = ("synth", "train", "experiment")
VERIFIED = ("edit", "join", "synth")
# These must be equal byte by byte, however often a command was disturbed. Other files may hold times.
PROMISED = re.compile(r"\.nii\.gz$|^manifest\.csv$|^metrics\.csv$|(^|/)model[^/]*\.safetensors$|^split\.csv$|^results\.csv$|(^|/)split\.json$")
# These hold times, so two undisturbed runs may have the same bytes by chance.
TIMED = re.compile(r"(^|/)(jobs\.csv|job\.json|report\.html|sessions\.jsonl|log\.jsonl)$")
# A note for `voxgan cache` alone. What could not be written is not worth an error, and costs only its words.
NOTES = re.compile(r"(^|/)cache/about/[0-9a-f]+$")
PARTIAL = re.compile(r"\.tmp\.[0-9a-f]{16}$")
CODES = (0, 1, 2, 3, 4, 130)


class Breach(Exception):
    """A promise that was not kept."""


def state_of(folder):
    """What must not change of an input: names, sizes, times and identities of its files."""
    seen = {}
    for at, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(at, name)
            s = os.lstat(path)
            seen[path] = (s.st_ino, s.st_size, s.st_mtime_ns)
    return seen


def hashes_of(folder):
    """Files of a result by name: a hash, or where a link leads. Locks are no results, nor is the link from a run to its cache."""
    seen = {}
    for at, folders, files in os.walk(folder):
        folders[:] = [d for d in folders if d != "locks" and not (d == "cache" and os.path.islink(os.path.join(at, d)))]
        for name in files + [d for d in folders if os.path.islink(os.path.join(at, d))]:
            path = os.path.join(at, name)
            if name in (".lock", ".claim") or path.endswith("lock"):
                continue
            short = os.path.relpath(path, folder)
            if os.path.islink(path):
                seen[short] = "link " + os.path.realpath(path)
            else:
                with open(path, "rb") as f:
                    seen[short] = hashlib.sha256(f.read()).hexdigest()
    return seen


def check_whole(path):
    """Raises where a file is cut off. Half-written files have a name of their own, which is no file's."""
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith(".gz"):
        gzip.decompress(data)
    elif path.endswith(".json"):
        json.loads(data)
    elif path.endswith(".jsonl"):
        # A log grows line by line. The reader drops a line that has no end.
        for line in data.split(b"\n")[:-1]:
            json.loads(line)
    elif path.endswith((".csv", ".txt", ".tsv", ".md")):
        if data and not data.endswith(b"\n"):
            raise ValueError("no end of line")
    elif path.endswith(".html"):
        if not data.rstrip().endswith(b"</html>"):
            raise ValueError("no </html>")
    elif path.endswith(".png"):
        if not data.endswith(b"IEND\xaeB`\x82"):
            raise ValueError("no IEND")
    elif path.endswith(".safetensors"):
        n = struct.unpack("<Q", data[:8])[0]
        head = json.loads(data[8:8 + n])
        end = max((v["data_offsets"][1] for k, v in head.items() if k != "__metadata__"), default=0)
        if len(data) != 8 + n + end:
            raise ValueError(f"{len(data)} bytes, and its header wants {8 + n + end}")


def check_no_torn(folder):
    for at, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(at, name)
            if PARTIAL.search(name) or os.path.islink(path):
                continue
            try:
                check_whole(path)
            except Exception as fault:
                raise Breach(f"torn file {os.path.relpath(path, folder)}: {fault}") from fault


class Bench:
    """A scratch folder with phantoms, and the undisturbed result of each command."""

    def __init__(self, voxgan, shims, torch):
        self.voxgan, self.torch = voxgan, torch
        self.root = tempfile.mkdtemp(prefix="voxgan-torture-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.shims = {}
        for name in shims:
            self.shims[name] = os.path.join(self.root, name + ".so")
            source = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".c")
            subprocess.run(["cc", "-std=c11", "-O1", "-shared", "-fPIC", "-o", self.shims[name], source, "-ldl"], check=True)
        for name, seed in (("p", "1"), ("q", "2")):
            self.must(["phantom", "--out", name, "--subjects", "4", "--size", "16", "--seed", seed, "--anatomy", *LAYOUT])
        self.inputs = ["p", "q"]
        if torch:
            train = self.args("train", "run")
            self.must(train)
            self.inputs.append("run")
        self.before = {name: state_of(self.at(name)) for name in self.inputs}
        self.wanted = {}

    def at(self, name):
        return os.path.join(self.root, name)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def begin(self, args, env=None, out=None):
        with open(out or os.devnull, "wb") as f:
            return subprocess.Popen([self.voxgan, *args], cwd=self.root, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=f)

    def run(self, args, env=None, limit=300):
        """Exit code and lines of stderr."""
        try:
            r = subprocess.run([self.voxgan, *args], cwd=self.root, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=limit)
        except subprocess.TimeoutExpired as late:
            raise Breach(f"hangs: no end within {limit} s") from late
        return r.returncode, r.stderr.decode(errors="replace").splitlines()

    def must(self, args):
        code, lines = self.run(args)
        if code:
            raise Breach(f"undisturbed: exit {code}: {' | '.join(lines[-2:])}")

    def args(self, command, out="out"):
        return self.absolute(ALL_COMMANDS[command] + ["--out", out])

    def absolute(self, args):
        """Inputs and outputs by their whole paths, which is how the shim knows them."""
        return [self.at(arg) if arg in ("p", "q", "run", "out") else arg for arg in args]

    def clear(self, out="out"):
        shutil.rmtree(self.at(out), ignore_errors=True)

    def undisturbed(self, command):
        """Runs it twice, each time from nothing: the result, the names of files that are always equal, and the seconds."""
        if command in self.wanted:
            return self.wanted[command]
        results, took = [], []
        for _ in range(2):
            self.clear()
            began = time.monotonic()
            self.must(self.args(command))
            took.append(time.monotonic() - began)
            results.append(hashes_of(self.at("out")))
        check_no_torn(self.at("out"))
        steady = {name for name in results[0] if results[0][name] == results[1].get(name) and not TIMED.search(name)}
        for name in results[0]:
            if PROMISED.search(name) and name not in steady:
                raise Breach(f"undisturbed: {name} differs from one run to the next")
        self.wanted[command] = (results[0], steady, min(took))
        return self.wanted[command]

    def check_inputs(self):
        for name in self.inputs:
            if state_of(self.at(name)) != self.before[name]:
                raise Breach(f"input {name} was changed")

    def check_result(self, command, out="out"):
        """The result is as if nothing had happened, and nothing was left behind."""
        wanted, steady, _ = self.undisturbed_of(command)
        there = hashes_of(self.at(out))
        lost = sorted(name for name in set(wanted) - set(there) if not NOTES.search(name))
        more = sorted(set(there) - set(wanted))
        if lost:
            raise Breach(f"the result lacks {lost[0]}")
        if more:
            raise Breach(f"left behind: {more[0]}")
        for name in sorted(steady & set(there)):
            if there[name] != wanted[name]:
                raise Breach(f"{name} differs from that of an undisturbed run")
        check_no_torn(self.at(out))
        if command in VERIFIED:
            code, lines = self.run(["synth", "--verify", self.at(out)])
            if code:
                raise Breach(f"--verify: exit {code}: {lines[-1] if lines else ''}")

    def undisturbed_of(self, command):
        return self.wanted[command]

    def check_end(self, code, lines, allowed=CODES):
        """The exit code is a documented one, and a failure has one line of error."""
        if code not in allowed:
            what = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
            raise Breach(f"{what}: {' | '.join(lines[-2:])}")
        errors = [line for line in lines if re.match(r"voxgan[ a-z]*: ", line)]
        if len(errors) != (0 if code in (0, 130) else 1):
            raise Breach(f"exit {code} with {len(errors)} lines of error: {' | '.join(lines[-3:])}")

    def finish(self, command, out="out"):
        """The same command again, undisturbed: it finishes."""
        code, lines = self.run(self.args(command, out))
        if code:
            raise Breach(f"the rerun ends with exit {code}: {' | '.join(lines[-2:])}")
        self.check_result(command, out)
