"""The suites that look at Drawbridge alone: route look-ups, reloading with many server files, instructions a packet."""
import contextlib
import json
import pathlib
import random
import re
import socket
import subprocess
import tempfile
import threading
import time

from .load import LoadFailed
from .peers import BACKEND_PORT, RELAY_PORT, Unavailable, prepared, server_file, tool

FILES = 10_000


def route(bench):
    """The micro-benchmark of the route table, against a map with a suffix walk and a list of patterns."""
    program = bench.peers.binary.parent / "bench" / "route_bench"
    if not program.exists():
        bench.failures.append(f"route: {program} does not exist")
        return
    for number in range(bench.rounds):
        done = subprocess.run(["taskset", "-c", "1", str(program), "--benchmark_format=json",
                               "--benchmark_min_time=0.3"], capture_output=True, text=True, check=False, timeout=300,
                              **prepared(bench.load.nice))
        if done.returncode != 0:
            bench.failures.append(f"route: {done.stderr.strip()[-300:]}")
            return
        for entry in json.loads(done.stdout)["benchmarks"]:
            scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[entry["time_unit"]]
            result = {"suite": "route", "case": entry["name"].replace(" ", ""), "peer": "drawbridge", "round": number,
                      "ns": entry["cpu_time"] * scale}
            bench.say(f"  route {result['case']} round {number + 1}: {result['ns']:.4g} ns")
            yield result


class TinyBackend:
    """Answers every connection with a few bytes and closes it: enough to see that a log-in came through."""

    mark = b"reached the backend"

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", BACKEND_PORT), backlog=256, reuse_port=False)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        return self

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                connection.recv(2048)
                connection.sendall(self.mark)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(2048)

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(3)


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def login(host, name=b"P00000"):
    def framed(body):
        return varint(len(body)) + body
    text = host.encode()
    handshake = b"\0" + varint(769) + varint(len(text)) + text + RELAY_PORT.to_bytes(2, "big") + b"\2"
    return framed(handshake) + framed(b"\0" + varint(len(name)) + name + bytes(16))


def reaches_backend(host):
    """Whether a log-in for `host` gets to the backend now."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", RELAY_PORT), timeout=3) as connection:
        connection.settimeout(3)
        connection.sendall(login(host))
        got = b""
        while len(got) < len(TinyBackend.mark):
            part = connection.recv(4096)
            if not part:
                return False
            got += part
            if not TinyBackend.mark.startswith(got[:len(TinyBackend.mark)]):
                return False
        return True
    return False


def write_servers(folder):
    for index in range(FILES):
        server_file(folder / f"s{index:05}.toml", f"s{index:05}.bench.test")


def reload(bench):
    """10,000 server files: time to start, time until an edit is live, and what edits do to players who play."""
    for number in range(bench.rounds):
        yield from bench.measure("reload", "10,000 files", number, "drawbridge", start_and_edit,
                                 servers=write_servers, ready_limit=60)
    with bench.load.awake():
        for number in range(bench.rounds):
            for case in random.sample(["no edits", "an edit a second"], 2):
                yield from bench.measure(
                    "reload", case, number, "drawbridge",
                    lambda relay, case=case: play_under_edits(bench, relay, case == "an edit a second"),
                    servers=write_servers, ready_limit=60, ordinary=True)


def start_and_edit(relay):
    with TinyBackend():
        last = f"s{FILES - 1:05}.bench.test"
        end = time.monotonic() + 10
        while not reaches_backend(last):
            if time.monotonic() > end:
                raise LoadFailed("the last server is not routed")
            time.sleep(0.005)
        # The watch may be set after the first load; an edit in between must be seen as well, so none is waited for.
        time_taken = []
        for index in random.sample(range(FILES - 1), 3):
            moved = f"moved-{index}.bench.test"
            began = time.monotonic()
            server_file(relay.folder / "servers" / f"s{index:05}.toml", moved)
            while not reaches_backend(moved):
                if time.monotonic() - began > 10:
                    raise LoadFailed("an edit was not live after 10 s")
                time.sleep(0.005)
            time_taken.append((time.monotonic() - began) * 1e3)
        return {"start_seconds": relay.started_in, "edit_live_ms": max(time_taken)}


def play_under_edits(bench, relay, edit):
    stop = threading.Event()

    def edit_on():
        turn = 0
        while not stop.wait(1):
            turn += 1
            server_file(relay.folder / "servers" / "s00007.toml", f"turn-{turn}.bench.test")

    editor = threading.Thread(target=edit_on, daemon=True)
    if edit:
        editor.start()
    try:
        return bench.load.measured("game", relay, rate=10_000, players=1000, seconds=max(4, bench.seconds))
    finally:
        stop.set()
        if edit:
            editor.join(3)


def instructions(bench):
    """User instructions of the worker thread for one packet, when each packet wakes it up on its own."""
    valgrind = tool("valgrind", "valgrind")
    # Debian 12's valgrind cannot read what clang 19 writes; the names of functions are all that is needed.
    bench.peers.stripped = True
    try:
        for name in bench.wanted or ["drawbridge"]:
            yield from instructions_of(bench, name, valgrind)
    finally:
        bench.peers.stripped = False


def instructions_of(bench, name, valgrind, few=4_000, many=12_000):
    with tempfile.TemporaryDirectory(prefix="drawbridge-callgrind-") as made:
        folder = pathlib.Path(made)
        folder.chmod(0o777)
        costs = [count_run(bench, name, valgrind, folder / str(packets), packets) for packets in (few, many)]
    if None in costs:
        return
    # The thread that grew most is the one that moves packets; per function it is the same difference.
    thread = max(costs[1], key=lambda key: costs[1][key][0] - costs[0].get(key, (0, {}))[0])
    first, second = costs[0].get(thread, (0, {})), costs[1][thread]
    result = {"suite": "instructions", "case": "serial", "peer": name, "round": 0,
              "instructions_per_packet": (second[0] - first[0]) / (many - few),
              "functions": per_function(first[1], second[1], many - few)}
    bench.say(f"  instructions {name}: {result['instructions_per_packet']:.1f} a packet in all")
    if name.startswith("drawbridge"):
        # Our own code: the loop and the pump, with all that is inlined there. The rest is libc around system calls.
        result["own_per_packet"] = sum(count for function, count in result["functions"].items()
                                       if "drawbridge::" in function)
        bench.say(f"    of which {result['own_per_packet']:.1f} in the loop and the pump")
    for function, count in result["functions"].items():
        bench.say(f"    {count:8.1f}  {function}")
    yield result


def count_run(bench, name, valgrind, folder, packets):
    """Instructions by thread, with those of each function, for one run with `packets` packets."""
    folder.mkdir()
    folder.chmod(0o777)
    wrap = [valgrind, "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/out",
            "--log-file=/dev/null"]
    try:
        with bench.peers.running(name, wrap=wrap, ready_limit=60) as relay:
            bench.load.once("serial", relay, limit=120, packets=packets)
            relay.process.terminate()
            relay.process.wait(60)
    except (LoadFailed, Unavailable, RuntimeError, subprocess.TimeoutExpired) as problem:
        bench.failures.append(f"instructions {name}: {problem}")
        bench.say(f"  instructions {name}: FAILED: {problem}")
        return None
    return {path.name[3:]: read_callgrind(path) for path in folder.iterdir() if "-" in path.name}


def read_callgrind(path):
    """(instructions in all, instructions by function without callees) of one thread's dump."""
    names, costs = {}, {}
    function, skip = None, False
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("fn="):
            number, _, text = line[3:].partition(" ")
            if text:
                names[number] = text
            function = names.get(number, number)
        elif line.startswith(("cfn=", "cfi=", "cob=")):
            number, _, text = line[4:].partition(" ")
            if line.startswith("cfn=") and text:
                names.setdefault(number, text)
        elif line.startswith("calls="):
            skip = True  # the next line is the cost of the callee
        elif re.match(r"[+*\-\d]", line):
            if not skip and function is not None:
                costs[function] = costs.get(function, 0) + int(line.split()[1])
            skip = False
    return sum(costs.values()), costs


def per_function(first, second, packets):
    """Instructions a packet by function, the dearest first; what does not grow with packets is left out."""
    grown = {name: (cost - first.get(name, 0)) / packets for name, cost in second.items()}
    return {name: round(cost, 1) for name, cost in sorted(grown.items(), key=lambda item: -item[1]) if cost >= 0.5}
