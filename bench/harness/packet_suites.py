"""The suites about modes that read packets, each beside `passthrough` under the same load in the same run, and the
micro-benchmark of what such modes do with a packet."""
import json
import random
import subprocess

from . import session_server
from .peers import HOST, prepared, server_file

THRESHOLD = 256  # the vanilla default
MODES = ("passthrough", "offline", "client_only")
COALESCE = ("off", "auto")


def peer(mode, coalesce="off"):
    options = [option for option, usual in ((coalesce, "off"), (mode, "passthrough")) if option != usual]
    return "+".join(["drawbridge", *options])


def chosen(bench, names):
    return [name for name in names if bench.wanted is None or name in bench.wanted]


def shuffled(bench, names):
    """(round, name) with an order of its own for each round."""
    for number in range(bench.rounds):
        order = chosen(bench, names)
        random.shuffle(order)
        for name in order:
            yield number, name


def intercepted(bench):
    """1,000 players with real packets, compressed from 256 bytes on; encrypted too in client_only."""
    names = [peer(mode, coalesce) for coalesce in COALESCE for mode in MODES]
    with session_server.running():
        for case, rate in (("10k", 10_000), ("40k", 40_000)):
            with bench.load.awake():
                for number, name in shuffled(bench, names):
                    yield from bench.measure(
                        "intercepted", case, number, name,
                        lambda relay, rate=rate: bench.load.measured("game", relay, rate=rate, players=1000,
                                                                     seconds=bench.seconds, threshold=THRESHOLD))


FLOODS = {"100 B": {"packet": 100, "threshold": -1}, "8 kB compressed": {"packet": 8192, "threshold": THRESHOLD}}


def flood(bench):
    """One player, packets of 100 bytes without compression, and compressed ones of 8 kB, as fast as they go."""
    # What splices moves bytes without touching them; who has to look at packets is compared with copying.
    ways = {"drawbridge": (0, "drawbridge"), "drawbridge without splice": (1, "drawbridge"),
            "drawbridge+offline": (0, "drawbridge+offline")}
    for case, load in FLOODS.items():
        with bench.load.awake():
            for number, name in shuffled(bench, list(ways)):
                no_pipes, started = ways[name]
                for result in bench.measure(
                        "flood", case, number, started,
                        lambda relay, load=load, no_pipes=no_pipes: bench.load.measured(
                            "flood", relay, seconds=bench.seconds, no_pipes=no_pipes, **load)):
                    yield {**result, "peer": name}


# A machine that is busy takes its time over thousands of RSA operations and questions.
PATIENT = 'auth.timeout = "30s"\nlimits.login_timeout = "120s"\n'


def idle_players(bench):
    """Memory of one more idle player whose packets are read: N = 3,000 log in, 250 at a time, then N more."""
    names = [peer(mode) for mode in MODES]
    with session_server.running():
        for number, name in shuffled(bench, names):
            yield from bench.measure(
                "idle_players", "burst", number, name,
                lambda relay: bench.load.once("idle", relay, limit=300, players=3000, burst=250, threshold=THRESHOLD),
                settings=PATIENT)


def only_a_limbo(servers):
    (servers / "bench.toml").write_text(f'limbo = true\ndomains = ["{HOST}"]\n')


def limbo(bench):
    """Log-ins of 1.21.4 that end in the proxy's own world, 64 in flight; and memory of one more who stays there."""
    name = "drawbridge"
    for number in range(bench.rounds):
        with bench.load.awake():
            yield from bench.measure("limbo", "join", number, name,
                                     lambda relay: bench.load.measured("limbo", relay, what="join", seconds=bench.seconds),
                                     servers=only_a_limbo)
        yield from bench.measure("limbo", "stay", number, name,
                                 lambda relay: bench.load.once("limbo", relay, limit=120, what="stay", players=3000),
                                 servers=only_a_limbo, settings=PATIENT)


def a_server_and_a_limbo(servers):
    described = servers / "bench.toml"
    described.write_text('fallback = ["waiting"]\n' + described.read_text())
    (servers / "waiting.toml").write_text('limbo = true\ndomains = ["waiting.test"]\n')


def limbo_hold(bench):
    """500 players who stand in the limbo for --hold seconds: what they cost meanwhile, and that nobody is lost."""
    yield from bench.measure("limbo_hold", "500", 0, "drawbridge",
                             lambda relay: bench.load.once("limbo", relay, limit=int(bench.hold) + 120, what="hold",
                                                           players=500, seconds=bench.hold),
                             servers=only_a_limbo, settings=PATIENT)


def two_servers(servers):
    described = servers / "bench.toml"
    described.write_text('fallback = ["other"]\n' + described.read_text())
    server_file(servers / "other.toml", "other.test", "offline")


def storm(bench):
    """1,000 players whose server dies at once; fails unless everybody lands in the limbo, or on the server that stands in."""
    for number in range(bench.rounds):
        for to, servers in (("limbo", a_server_and_a_limbo), ("server", two_servers)):
            yield from bench.measure("storm", to, number, "drawbridge+offline",
                                     lambda relay, to=to: bench.load.once("limbo", relay, limit=150, what="storm", to=to,
                                                                          players=1000),
                                     servers=servers, settings=PATIENT)


def move(bench):
    """300 players, one at a time: from the end of their server to the world of its fallback; beside a direct log-in."""
    for number in range(bench.rounds):
        with bench.load.awake():
            yield from bench.measure("move", "fallback", number, "drawbridge+offline",
                                     lambda relay: bench.load.once("move", relay, players=300), servers=two_servers)


def codec(bench):
    """Cipher and compression against OpenSSL, zlib and libdeflate."""
    program = bench.peers.binary.parent / "bench" / "codec_bench"
    if not program.exists():
        bench.failures.append(f"codec: {program} does not exist")
        return
    for number in range(bench.rounds):
        done = subprocess.run(["taskset", "-c", "1", str(program), "--benchmark_format=json",
                               "--benchmark_min_time=0.1"], capture_output=True, text=True, check=False, timeout=600,
                              **prepared(bench.load.nice))
        if done.returncode != 0:
            bench.failures.append(f"codec: {done.stderr.strip()[-300:]}")
            return
        for entry in json.loads(done.stdout)["benchmarks"]:
            scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[entry["time_unit"]]
            result = {"suite": "codec", "case": entry["name"], "peer": "drawbridge", "round": number,
                      "ns": entry["cpu_time"] * scale}
            result |= {key: entry[key] for key in ("bytes_per_second", "size") if key in entry}
            bench.say(f"  codec {result['case']} round {number + 1}: {result['ns']:.4g} ns")
            yield result
