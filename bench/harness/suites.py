"""The suites that compare peers under load. Each is a function of a Bench and yields measurements: flat dictionaries
with `suite`, `case`, `peer`, `round` and what the generator reported."""
import contextlib
import fcntl
import json
import os
import random
import re
import struct
import subprocess
import termios

from . import machine
from .load import LoadFailed
from .peers import BACKEND_PORT, RELAY_PORT, Unavailable, prepared

DEFAULT_PEERS = {
    "game": ["direct", "drawbridge", "drawbridge+1ms", "drawbridge+auto", "haproxy", "nginx", "go"],
    "bulk": ["direct", "drawbridge", "drawbridge+zero_copy", "haproxy", "haproxy-splice", "nginx", "go"],
    "idle": ["drawbridge", "haproxy", "nginx", "go"],
    "accept": ["direct", "drawbridge", "haproxy", "nginx", "go"],
    "stalled": ["drawbridge", "drawbridge+zero_copy", "haproxy", "nginx", "go"],
    "status": ["drawbridge", "bare"],
}


class Bench:
    """What every suite needs: the peers, the generator, and how long and how often."""

    def __init__(self, peers, load, root, rounds=3, seconds=3.0, wanted=None, hold=600.0, say=print):
        self.peers = peers
        self.load = load
        self.root = root
        self.rounds = rounds
        self.seconds = seconds
        self.hold = hold  # seconds of limbo_hold
        self.wanted = wanted
        self.say = say
        self.failures = []

    def names(self, suite, fits=lambda name: True):
        names = self.wanted or DEFAULT_PEERS[suite]
        return [name for name in names if fits(name)]

    def shuffled(self, suite, fits=lambda name: True):
        """(round, peer) with the peers of every round in an order of its own: drift hits all alike."""
        for number in range(self.rounds):
            names = self.names(suite, fits)
            random.shuffle(names)
            for name in names:
                yield number, name

    def measure(self, suite, case, number, name, run, **start):
        """One measurement; `run` gets the running relay. A failure is said, remembered, and not a figure."""
        try:
            with self.peers.running(name, **start) as relay:
                result = run(relay)
        except (Unavailable, LoadFailed, RuntimeError) as problem:
            self.failures.append(f"{suite} {case} {name}: {problem}")
            self.say(f"  {suite} {case} round {number + 1} {name}: FAILED: {problem}")
            return
        result = {"suite": suite, "case": case, "peer": name, "round": number, **result}
        self.say(f"  {suite} {case} round {number + 1} {name}: {short(result)}")
        yield result


def short(result):
    """The two or three numbers of a measurement that somebody who watches wants to see."""
    shown = ("rate", "cpu_us_per_packet", "delay_p50_us", "delay_p99_us", "gb_per_s", "relay_cpu_s_per_gb", "relay_cpu_us_per_packet",
             "bytes_per_player", "descriptors_per_player", "per_cpu_second", "cpu_us_per_connection",
             "cpu_us_per_ping", "held_bytes_per_player", "taken_bytes_per_player", "start_seconds",
             "edit_live_ms", "cpu_percent", "rss_in", "rss_end", "half_landed_ms", "own_login_p50_us", "move_p50_us", "added_p50_ms", "all_landed_ms", "instructions_per_packet", "ns", "foreign")
    parts = [f"{key}={result[key]:.4g}" for key in shown if isinstance(result.get(key), (int, float))]
    return " ".join(parts) + (" NOISY" if result.get("noisy") else "")


def is_plain(name):
    return "+" not in name


def game(bench):
    """1,000 players, 10,000 and 40,000 packets a second in all."""
    for case, rate in (("10k", 10_000), ("40k", 40_000)):
        with bench.load.awake():
            for number, name in bench.shuffled("game"):
                yield from bench.measure(
                    "game", case, number, name,
                    lambda relay, rate=rate: bench.load.measured("game", relay, rate=rate, players=1000,
                                                                 seconds=bench.seconds))


def bulk(bench):
    """One player, as fast as it goes; from page cache, and by copying."""
    for case in ("page", "copy"):
        with bench.load.awake():
            for number, name in bench.shuffled("bulk"):
                yield from bench.measure(
                    "bulk", case, number, name,
                    lambda relay, case=case: bench.load.measured("bulk", relay, source=case, seconds=bench.seconds))


def idle(bench):
    """Memory and descriptors of one more idle player, after bursts of N log-ins at once."""
    # With six descriptors a player (splicing Go) 2N = 3,000 is what the limit of 20,000 leaves room for.
    count = {"go": 1500}
    for number, name in bench.shuffled("idle", lambda name: name != "direct"):
        yield from bench.measure(
            "idle", "burst", number, name,
            lambda relay, name=name: bench.load.once("idle", relay, limit=90, players=count.get(name, 3000)))


def accept(bench):
    """Set-up and tear-down, 64 in flight."""
    with bench.load.awake():
        for number, name in bench.shuffled("accept"):
            yield from bench.measure("accept", "64", number, name,
                                     lambda relay: bench.load.measured("accept", relay, seconds=bench.seconds))


def status(bench):
    """Status pings from the cache, against a bare loop that sends the same bytes."""
    settings = '[status_cache]\nttl = "60s"\n'
    answer = bench.root / "build" / "bench" / "status_answer"
    answer.parent.mkdir(parents=True, exist_ok=True)

    def save(relay):
        return bench.load.once("status", relay, seconds=0.2, save_answer=answer)

    names = bench.names("status")
    with bench.load.awake():
        if "bare" in names and not list(bench.measure("status", "answer", 0, "drawbridge", save, settings=settings)):
            return
        for number, name in bench.shuffled("status"):
            start = {"settings": settings} if name.startswith("drawbridge") else {"answer": answer}
            yield from bench.measure("status", "cached", number, name,
                                     lambda relay: bench.load.measured("status", relay, seconds=bench.seconds),
                                     **start)


def stalled(bench):
    """What a client that stops reading makes the relay and its sockets hold."""
    for number, name in bench.shuffled("stalled", lambda name: name != "direct"):
        yield from bench.measure("stalled", "8", number, name, lambda relay: look_at_stalled(bench, relay))


def look_at_stalled(bench, relay, players=8):
    before = resident(relay.pids)
    process = subprocess.Popen(bench.load.command("stalled", relay, 60, players=players), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               **prepared(bench.load.nice))
    try:
        line = process.stdout.readline()
        if not line:
            raise LoadFailed(f"stalled with {relay.name}: {process.communicate(timeout=10)[1].strip()}")
        result = json.loads(line)
        client_w, backend_r = socket_memory()
        pipes = sum(pipe_bytes(pid) for pid in relay.pids)
        result.update(client_w=client_w / players, backend_r=backend_r / players, pipe=pipes / players,
                      held_bytes_per_player=(client_w + backend_r + pipes) / players,
                      rss_growth_per_player=(resident(relay.pids) - before) / players)
        _, errors = process.communicate("go\n", timeout=60)
        if process.returncode != 0:
            raise LoadFailed(f"stalled with {relay.name}: {errors.strip()}")
        return result
    finally:
        process.kill()
        process.wait()


def resident(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
            total += sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Rss:"))
    return total


def socket_memory():
    """Bytes that the kernel holds for the relay: written to clients (w), received from backends (r)."""
    listing = subprocess.run(["ss", "-tmnHO", "state", "established"], capture_output=True, text=True,
                             check=True).stdout
    client_w = backend_r = 0
    for line in listing.splitlines():
        fields = line.split()
        local, peer = fields[2], fields[3]
        memory = re.search(r"skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f\d+,w(\d+),", line)
        if memory is None:
            raise LoadFailed(f"cannot read: {line}")
        if local.endswith(f":{RELAY_PORT}"):
            client_w += int(memory.group(2))
        elif peer.endswith(f":{BACKEND_PORT}"):
            backend_r += int(memory.group(1))
    return client_w, backend_r


def pipe_bytes(pid):
    """Bytes in the pipes of a process; each pipe once."""
    total, seen = 0, set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{fd}"
        with contextlib.suppress(OSError):
            name = os.readlink(path)
            if not name.startswith("pipe:") or name in seen:
                continue
            seen.add(name)
            pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                total += struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]
            finally:
                os.close(pipe)
    return total


def quiet_enough(bench, limit):
    if not machine.wait_for_quiet(limit):
        bench.say("  the machine is not quiet: other programs use more than 9 % of it; measurements that they "
                  "disturb are marked NOISY")
