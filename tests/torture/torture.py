"""torture.py: campaigns that disturb voxgan's commands, and check that nothing is lost or torn.

    torture.py BUILD [CAMPAIGN...] [--commands LIST] [--rounds N] [--limit N] [--seed N] [--short]

kill   SIGKILL at a random moment, and again while the same command continues; then it finishes as if undisturbed
fault  the n-th open, stat, write, rename, fsync, mmap, close, flock, unlink, mkdir, read, link fails, or is the last
       thing that happens before SIGKILL
alloc  the n-th allocation fails
crowd  two to eight processes at once on one folder
ranks  SIGKILL to one process of a training of two, to what started them, or to all, at a random moment; all end within
       15 s, and the run continues until it has the bytes of an undisturbed one

Each campaign prints a line for each command and fault. Any breach is printed, and makes exit code 1. Commands that need
libtorch are skipped where BUILD has none.
"""
import argparse
import errno
import os
import random
import re
import signal
import sys
import time

from workload import COMMANDS, CREW, NEED_TORCH, Bench, Breach, check_no_torn, hashes_of

CALLS = "write open rename fsync stat mmap close flock unlink mkdir read link".split()
# An interrupted call of these is made again.
RETRIED = ("write", "open", "fsync", "close", "flock")
FAULTS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EINTR": errno.EINTR, "EACCES": errno.EACCES, "KILL": -9}


ENDS_WITHIN_S = 15  # all processes of a training, once one was killed


class Tally:
    def __init__(self):
        self.breaches = 0

    def breach(self, where, fault):
        self.breaches += 1
        print(f"BREACH {where}: {fault}", flush=True)


def say(campaign, command, text):
    print(f"{campaign} {command}: {text}", flush=True)


def kill_round(bench, command, dice):
    """Kills the command until it is through, at most four times; how often it was killed."""
    _, _, seconds = bench.undisturbed(command)
    bench.clear()
    kills = 0
    for _ in range(4):
        p = bench.begin(bench.args(command))
        time.sleep(dice.random() * seconds * 1.05)
        if p.poll() is None:
            p.kill()
            kills += 1
        code = p.wait()
        if code not in (0, -9):
            raise Breach(f"a rerun after {kills} kills ends with exit {code}")
        bench.check_inputs()
        if os.path.isdir(bench.at("out")):
            check_no_torn(bench.at("out"))
        if code == 0 or dice.random() < 0.4:
            break
    bench.finish(command)
    bench.check_inputs()
    return kills


def campaign_kill(bench, commands, options, tally):
    """ROUNDS kills in all, the same number for each command."""
    for i, command in enumerate(commands):
        wanted = options.rounds // len(commands) + (i < options.rounds % len(commands))
        kills = rounds = breaches = 0
        dice = random.Random(f"{options.seed} {command}")
        try:
            while kills < wanted and rounds < 3 * wanted + 3:
                rounds += 1
                try:
                    kills += kill_round(bench, command, dice)
                except Breach as fault:
                    kills += 1
                    breaches += 1
                    tally.breach(f"kill {command}, round {rounds}", fault)
        finally:
            say("kill", command, f"{kills} of {wanted} kills in {rounds} rounds, {breaches} breaches")


def count_calls(bench, command):
    """How often each call is made on a path of the scratch folder."""
    counts = bench.at("counts")
    bench.clear()
    env = {"FAULT": f"open 1 5 {bench.root}/", "FAULT_COUNT": counts, "LD_PRELOAD": bench.shims["faults"]}
    if os.path.exists(counts):
        os.remove(counts)
    code, lines = bench.run(bench.args(command), env)
    if code:
        raise Breach(f"counting: exit {code}: {' | '.join(lines[-2:])}")
    with open(counts) as f:
        return {line.split()[0]: int(line.split()[1]) for line in f}


def some_of(n, limit, dice):
    """All of 1 to n, or where they are more than limit, the first, the last and a random choice of the others."""
    if not limit or n <= limit:
        return list(range(1, n + 1))
    if limit < 2:
        return [dice.randrange(1, n + 1)]
    return sorted({1, n, *dice.sample(range(2, n), limit - 2)})


def one_fault(bench, command, env, killed, must_succeed, may_leave=False):
    """One disturbed run and the same command again. Returns the exit code of the first. may_leave: a file that could not be
    removed stays, until the next run removes it."""
    bench.clear()
    code, lines = bench.run(bench.args(command), env)
    if killed:
        if code not in (0, -9):
            raise Breach(f"exit {code} where a kill was wanted")
    else:
        bench.check_end(code, lines, (0,) if must_succeed else (0, 1, 3, 4))
    bench.check_inputs()
    if os.path.isdir(bench.at("out")):
        check_no_torn(bench.at("out"))
    if code == 0 and not may_leave:
        bench.check_result(command)
    else:
        bench.finish(command)
    bench.check_inputs()
    return code


def campaign_fault(bench, commands, options, tally):
    for command in commands:
        bench.undisturbed(command)
        counts = count_calls(bench, command)
        for call in options.calls:
            for name, number in FAULTS.items():
                if options.faults and name not in options.faults:
                    continue
                n = counts.get(call, 0)
                tried = some_of(n, options.limit, random.Random(f"{options.seed} {command} {call} {name}"))
                survived = breaches = 0
                for k in tried:
                    env = {"FAULT": f"{call} {k} {number} {bench.root}/", "LD_PRELOAD": bench.shims["faults"]}
                    try:
                        survived += not one_fault(bench, command, env, number < 0, name == "EINTR" and call in RETRIED, call == "unlink")
                    except Breach as fault:
                        breaches += 1
                        tally.breach(f"fault {command}, {call} {k} of {n} {name}", fault)
                sampled = "all" if len(tried) == n else f"{len(tried)} of"
                say("fault", command, f"{call} {name}: {sampled} {n} tried, {survived} survived, {breaches} breaches")


def campaign_alloc(bench, commands, options, tally):
    for command in commands:
        bench.undisturbed(command)
        bench.clear()
        counts = bench.at("counts")
        shim = bench.shims["allocations"]
        code, lines = bench.run(bench.args(command), {"ALLOC_COUNT": counts, "LD_PRELOAD": shim})
        if code:
            tally.breach(f"alloc {command}, counting", f"exit {code}: {' | '.join(lines[-2:])}")
            continue
        with open(counts) as f:
            n = int(f.read())
        tried = some_of(n, options.limit * 8, random.Random(f"{options.seed} {command} alloc"))
        survived = breaches = 0
        for k in tried:
            try:
                survived += not one_fault(bench, command, {"ALLOC": str(k), "LD_PRELOAD": shim}, False, False)
            except Breach as fault:
                breaches += 1
                tally.breach(f"alloc {command}, {k} of {n}", fault)
        sampled = "all" if len(tried) == n else f"{len(tried)} of"
        say("alloc", command, f"{sampled} {n} tried, {survived} survived, {breaches} breaches")


def run_side_by_side(bench, all_args, dice):
    """Exit codes and last lines of processes that begin within a few milliseconds."""
    running = []
    for i, args in enumerate(all_args):
        running.append(bench.begin(args, out=bench.at(f"err{i}")))
        time.sleep(dice.random() * 0.02)
    ends = []
    for i, p in enumerate(running):
        code = p.wait(timeout=600)
        with open(bench.at(f"err{i}"), errors="replace") as f:
            ends.append((code, f.read().splitlines()))
    return ends


def crowd_same(bench, command, n, dice):
    """The same command n times. Who does not wait for the others says that they work here."""
    bench.clear()
    ends = run_side_by_side(bench, [bench.args(command)] * n, dice)
    for code, lines in ends:
        bench.check_end(code, lines, (0, 1, 2))
        if code and not re.search("another|holds|in use|works", " ".join(lines[-2:])):
            raise Breach(f"exit {code}: {' | '.join(lines[-2:])}")
    if all(code for code, _ in ends):
        raise Breach(f"none of {n} finished: {ends[0][1][-1:]}")
    bench.finish(command)
    bench.check_inputs()
    return sum(code == 0 for code, _ in ends)


def crowd_shards(bench, command, n, dice):
    bench.clear()
    shards = [bench.args(command) + ["--shard", f"{k + 1}/{n}"] for k in range(n)]
    for code, lines in run_side_by_side(bench, shards, dice):
        bench.check_end(code, lines, (0,))
    end = ["synth", "--finish", "out"] if command != "experiment" else ["experiment", "--finish", "out"]
    code, lines = bench.run(bench.absolute(end))
    if code:
        raise Breach(f"--finish: exit {code}: {' | '.join(lines[-2:])}")
    bench.check_result(command)
    return n


def crowd_different(bench, command, n, dice):
    """The study, and others that differ from it, on one folder: what stands at the end is one of them, and whole."""
    bench.clear()
    option = {"train": "train.samples", "experiment": "train.samples"}.get(command)
    every = [bench.args(command) + (["--set", f"{option}={3 + k}"] if option else ["--seed", str(100 + k)]) for k in range(n)]
    ends = run_side_by_side(bench, every, dice)
    for code, lines in ends:
        bench.check_end(code, lines, (0, 1, 2))
    good = [k for k, (code, _) in enumerate(ends) if code == 0]
    if not good:
        raise Breach(f"none of {n} different commands finished: {ends[0][1][-1:]}")
    check_no_torn(bench.at("out"))
    there = hashes_of(bench.at("out"))
    _, steady, _ = bench.undisturbed(command)
    # Several can finish only where they ask for the same: two seeds may draw the same split.
    for k in good:
        bench.clear()
        bench.must(every[k])
        fresh = hashes_of(bench.at("out"))
        for name in steady:
            if there.get(name) != fresh.get(name):
                raise Breach(f"{name} does not belong to a command that finished ({len(good)} did)")
    bench.check_inputs()
    return 1


CROWDS = {
    "same": (crowd_same, tuple(COMMANDS)),
    "shards": (crowd_shards, ("edit", "synth", "experiment")),
    "different": (crowd_different, ("edit", "synth", "split")),
}


def campaign_crowd(bench, commands, options, tally):
    for command in commands:
        bench.undisturbed(command)
        for name, (crowd, able) in CROWDS.items():
            if command not in able:
                continue
            dice = random.Random(f"{options.seed} {command} {name}")
            tried = processes = finished = breaches = 0
            for _ in range(max(1, options.limit)):
                n = dice.randint(2, 8)
                tried, processes = tried + 1, processes + n
                try:
                    finished += crowd(bench, command, n, dice)
                except Breach as fault:
                    breaches += 1
                    tally.breach(f"crowd {command}, {name}, {n} processes, round {tried}", fault)
            say("crowd", command, f"{name}: {processes} processes in {tried} rounds, {finished} finished, {breaches} breaches")


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def kill_one_of(p, dice):
    """Kills a process of a training: rank 0, rank 1, what started them, or all. Returns its name, and the time until all ended."""
    ranks = children_of(p.pid)
    victim = dice.choice(["rank 0", "rank 1", "starter", "all"])
    chosen = {"rank 0": ranks[:1], "rank 1": ranks[1:], "starter": [p.pid], "all": [p.pid, *ranks]}[victim]
    began = time.monotonic()
    for pid in chosen:
        os.kill(pid, signal.SIGKILL)
    while time.monotonic() - began < ENDS_WITHIN_S and (p.poll() is None or any(map(lives, ranks))):
        time.sleep(0.05)
    took = time.monotonic() - began
    late = [pid for pid in ranks if lives(pid)] + ([p.pid] if p.poll() is None else [])
    for pid in late:
        os.kill(pid, signal.SIGKILL)
    if late:
        p.wait()
        raise Breach(f"{victim} was killed, and {len(late)} processes did not end within {ENDS_WITHIN_S} s")
    return victim, took


def campaign_ranks(bench, commands, options, tally):
    """One training after another, each disturbed every third of its time until it is through; --kills in all."""
    if not options.torch or not options.kills:
        return
    _, _, seconds = bench.undisturbed(CREW)
    dice = random.Random(f"{options.seed} ranks")
    kills, rounds, breaches, slowest, victims = 0, 0, 0, 0, {}
    while kills < options.kills and rounds < options.kills + 3:
        rounds += 1
        bench.clear()
        try:
            while kills < options.kills:
                p = bench.begin(bench.args(CREW))
                time.sleep(dice.random() * seconds / 3)
                if len(children_of(p.pid)) == 2 and p.poll() is None:
                    victim, took = kill_one_of(p, dice)
                    kills, slowest = kills + 1, max(slowest, took)
                    victims[victim] = victims.get(victim, 0) + 1
                code = p.wait()
                if code not in (0, 4, -9, 130):
                    raise Breach(f"exit {code} after {kills} kills")
                if os.path.isdir(bench.at("out")):
                    check_no_torn(bench.at("out"))
                bench.check_inputs()
                if code == 0:
                    break
            bench.finish(CREW)
        except Breach as fault:
            kills, breaches = kills + 1, breaches + 1
            tally.breach(f"ranks, round {rounds}", fault)
    of = ", ".join(f"{name} {n}" for name, n in sorted(victims.items()))
    say("ranks", CREW, f"{kills} kills ({of}) in {rounds} trainings, all ended within {slowest:.1f} s, {breaches} breaches")


CAMPAIGNS = {"kill": campaign_kill, "fault": campaign_fault, "alloc": campaign_alloc, "crowd": campaign_crowd,
             "ranks": campaign_ranks}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("campaigns", nargs="*", default=[], choices=[*CAMPAIGNS, []])
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--rounds", type=int, default=1000, help="kills in all")
    parser.add_argument("--kills", type=int, default=10, help="kills of campaign ranks")
    parser.add_argument("--limit", type=int, default=40, help="most n of a call that are tried; 0: all")
    parser.add_argument("--calls", default=",".join(CALLS))
    parser.add_argument("--faults", default="", help="only these of " + ",".join(FAULTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="less than a minute: few rounds of the fast commands")
    options = parser.parse_args()
    options.calls = options.calls.split(",")
    options.faults = [f for f in options.faults.split(",") if f]
    if options.short:
        options.rounds, options.limit, options.kills, options.commands = 30, 2, 0, "split,join,edit"
    torch = os.path.exists(os.path.join(options.build, "voxgan-torch.so"))
    commands = [c for c in options.commands.split(",") if torch or c not in NEED_TORCH]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # counts are printed, and the scratch folder goes
    tally = Tally()
    options.campaigns = options.campaigns or list(CAMPAIGNS)
    needs = torch and set(options.campaigns) != {"ranks"} and any(c in NEED_TORCH for c in commands)
    options.torch = torch
    bench = Bench(os.path.abspath(os.path.join(options.build, "voxgan")), ("faults", "allocations"), needs)
    try:
        for name in options.campaigns:
            CAMPAIGNS[name](bench, commands, options, tally)
    finally:
        bench.remove()
    print(f"{tally.breaches} breaches")
    return tally.breaches > 0


if __name__ == "__main__":
    sys.exit(main())
