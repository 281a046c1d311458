"""What an attack costs: connections that are turned away for different reasons, beside accepted ones, and what honest
players notice while a flood is on. HAProxy with its connection rate rule carries the same load."""
import json
import subprocess
import time

from .load import LoadFailed
from .peers import prepared

# Where the generator's attackers come from; honest players come from 127.0.0.1.
FROM = "127.0.16.1"

# Reason -> settings of the proxy that make it turn every log-in from FROM away, and what the attacker says.
REASONS = {
    "address filter": ('ip_filter.blacklist = ["127.0.16.0/20"]', "hello"),
    "address ban": ("BAN 127.0.16.0/20", "hello"),
    "name ban": ("BAN P00007", "hello"),
    "log-in rate": ('rate_limit.enabled = true\nrate_limit.max_connections = 1\nrate_limit.window = "1h"\n'
                    'rate_limit.exempt = ["127.0.0.1"]', "hello"),
    "connection rate": ('rate_limit.enabled = true\nrate_limit.accept_max = 1\nrate_limit.accept_window = "1h"\n'
                        'rate_limit.exempt = ["127.0.0.1"]', "nothing"),
}
FLOOD_RATE = 5_000
FLOOD_SOURCES = 200
# What users run: the coalescing of the default configuration.
OURS = "drawbridge+auto"
# Between client and backend in a log-in of 1.20.2 and later with encryption: encryption, success, known packs, end of
# configuration. Only 64 bytes each; real ones carry more.
LOG_IN_ROUND_TRIPS = 4


def settings_for(reason, relay_folder_name="bans.json"):
    text, _ = REASONS[reason]
    if not text.startswith("BAN "):
        return text, None
    return f'ban.file = "{relay_folder_name}"', text.split()[1]


def ban_json(target):
    kind = "ip_range" if "/" in target else "username"
    return ('{"bans": [{"id": "b1", "target": {"type": "%s", "value": "%s"}, "reason": "bench", "expires_at": null, '
            '"created_at": 1700000000, "source": {"type": "console"}}], "audit_log": [], "next_id": 2}' % (kind, target))


def start_options(reason):
    settings, target = settings_for(reason)
    if target is None:
        return {"settings": settings}

    def write(servers):
        (servers.parent / "bans.json").write_text(ban_json(target))
    return {"settings": settings, "servers": write}


def tables(bench, number):
    """The micro-benchmark of bans and rate limits."""
    program = bench.peers.binary.parent / "bench" / "gate_bench"
    if not program.exists():
        bench.failures.append(f"gate: {program} does not exist")
        return
    done = subprocess.run(["taskset", "-c", "1", str(program), "--benchmark_format=json", "--benchmark_min_time=0.2"],
                          capture_output=True, text=True, check=False, timeout=300, **prepared(bench.load.nice))
    if done.returncode != 0:
        bench.failures.append(f"gate: {done.stderr.strip()[-300:]}")
        return
    for entry in json.loads(done.stdout)["benchmarks"]:
        scale = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[entry["time_unit"]]
        kind = "rate limit/" if entry["name"].startswith("rate") else "bans/"
        result = {"suite": "gate", "case": kind + entry["name"], "peer": "drawbridge", "round": number,
                  "ns": entry["cpu_time"] * scale}
        bench.say(f"  gate {result['case']} round {number + 1}: {result['ns']:.4g} ns")
        yield result


def gate(bench):
    """Connections that are turned away, by reason, against accepted ones; and honest play under a flood."""
    for number in range(bench.rounds):
        yield from tables(bench, number)
    with bench.load.awake():
        for number in range(bench.rounds):
            yield from bench.measure("gate", "accepted", number, OURS,
                                     lambda relay: bench.load.measured("accept", relay, seconds=bench.seconds))
            yield from bench.measure("gate", "logged in", number, OURS,
                                     lambda relay: bench.load.measured("accept", relay, seconds=bench.seconds,
                                                                       round_trips=LOG_IN_ROUND_TRIPS))
            for reason, (_, say) in REASONS.items():
                yield from bench.measure(
                    "gate", reason, number, OURS,
                    lambda relay, say=say: bench.load.measured("refused", relay, say=say, seconds=bench.seconds,
                                                               **{"from": FROM}),
                    **start_options(reason))
            yield from bench.measure(
                "gate", "connection rate", number, "haproxy-rate",
                lambda relay: bench.load.measured("refused", relay, say="nothing", seconds=bench.seconds,
                                                  **{"from": FROM}))
        for number in range(bench.rounds):
            for name, reason in ((OURS, "connection rate"), ("haproxy-rate", None)):
                start = start_options(reason) if reason else {}
                yield from bench.measure("gate", "play, no flood", number, name, lambda relay: play(bench, relay), **start)
                yield from bench.measure("gate", "play under a flood", number, name,
                                         lambda relay: play_under_flood(bench, relay), **start)


def play(bench, relay):
    return bench.load.measured("game", relay, rate=2000, players=100, seconds=bench.seconds)


def play_under_flood(bench, relay):
    # The first connection of each source passes the rule and stays, so there are more in flight than sources. The flood
    # is there before the players: HAProxy then gives up, in four seconds, what it let through, as there is no backend.
    flood = subprocess.Popen(
        bench.load.command("refused", relay, 60, say="nothing", sources=FLOOD_SOURCES, rate=FLOOD_RATE,
                           in_flight=2 * FLOOD_SOURCES, seconds=bench.seconds + 10, **{"from": FROM}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **prepared(bench.load.nice))
    try:
        time.sleep(5)
        # Once: a repetition would outlast the flood.
        result = bench.load.once("game", relay, rate=2000, players=100, seconds=bench.seconds)
        result["noisy"] = True  # the flood itself runs on this machine
    finally:
        _, errors = flood.communicate(timeout=60)
    if flood.returncode != 0:
        raise LoadFailed(f"the flood ended early: {errors.strip()}")
    return result
