"""Figures made of measurements: ratios within a round, median (lowest..highest) over the rounds, and whether the goal is
met. The tables of bench/README.md come from here, so that no figure there is typed by hand."""
import json
import re
import statistics
from dataclasses import dataclass
from typing import Callable

from . import gate_suite, packet_suites

BEGIN, END = "<!-- figures: written by bench/run --readme -->", "<!-- end of figures -->"


class Measured:
    """Look-up of values: by suite, case and peer, one for each round."""

    def __init__(self, measurements):
        self.all = measurements

    def rounds(self, suite, case, peer, key):
        return {entry["round"]: entry[key] for entry in self.all
                if (entry["suite"], entry["case"], entry["peer"]) == (suite, case, peer) and key in entry}

    def ratio(self, suite, case, key, peer, other, minus=None):
        """peer / other of each round that has both."""
        mine, theirs = self.rounds(suite, case, peer, key), self.rounds(suite, case, other, key)
        return [mine[number] / theirs[number] for number in sorted(mine) if theirs.get(number)]

    def difference(self, suite, case, key, peer, other):
        mine, theirs = self.rounds(suite, case, peer, key), self.rounds(suite, case, other, key)
        return [mine[number] - theirs[number] for number in sorted(mine) if number in theirs]

    def plain(self, suite, case, key, peer):
        return list(self.rounds(suite, case, peer, key).values())

    def cases(self, suite, pattern):
        return sorted({entry["case"] for entry in self.all
                       if entry["suite"] == suite and re.search(pattern, entry["case"], re.IGNORECASE)})


@dataclass
class Figure:
    name: str
    values: Callable  # of Measured: one value a round
    limit: float
    unit: str = "x"
    at_least: bool = False

    def goal(self):
        return f"{'>=' if self.at_least else '<='} {number(self.limit, self.unit)}"

    def met(self, value):
        return value >= self.limit if self.at_least else value <= self.limit


def number(value, unit):
    if unit == "x":
        return f"{value:.2f}x" if value < 100 else f"{value:,.0f}x"
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".strip()


def against(suite, case, key, peer, other):
    return lambda measured: measured.ratio(suite, case, key, peer, other)


def added(case, key):
    return lambda measured: measured.difference("game", case, key, "drawbridge", "direct")


def value(suite, case, key, peer="drawbridge"):
    return lambda measured: measured.plain(suite, case, key, peer)


def route_values(pattern):
    """The look-up that takes longest of those whose name fits, for each round."""
    def values(measured):
        cases = [measured.rounds("route", case, "drawbridge", "ns") for case in measured.cases("route", pattern)]
        return [max(case[turn] for case in cases if turn in case) for turn in sorted(cases[0])] if cases else []
    return values


def route_ratio(slow, fast):
    def values(measured):
        slow_values, fast_values = route_values(slow)(measured), route_values(fast)(measured)
        return [a / b for a, b in zip(slow_values, fast_values)]
    return values


def codec_ratio(slow, fast, key="ns"):
    """How many times as long (or as large) case `slow` is, of `fast`, for each round. The best of several in `fast`."""
    def values(measured):
        slow_values = measured.rounds("codec", slow, "drawbridge", key)
        fast_values = [measured.rounds("codec", case, "drawbridge", key)
                       for case in (fast if isinstance(fast, tuple) else (fast,))]
        return [slow_values[turn] / min(case[turn] for case in fast_values if turn in case)
                for turn in sorted(slow_values) if any(turn in case for case in fast_values)]
    return values


def refused_cost(reason):
    """Processor time of a connection that is turned away for this reason, of a log-in's that is relayed."""
    def values(measured):
        refused = measured.rounds("gate", reason, gate_suite.OURS, "cpu_us_per_connection")
        relayed = measured.rounds("gate", "logged in", gate_suite.OURS, "cpu_us_per_connection")
        return [refused[turn] / relayed[turn] for turn in sorted(refused) if relayed.get(turn)]
    return values


def ban_values(pattern):
    """The slowest of the cases whose name fits, for each round."""
    def values(measured):
        cases = [measured.rounds("gate", case, "drawbridge", "ns") for case in measured.cases("gate", pattern)]
        return [max(case[turn] for case in cases if turn in case) for turn in sorted(cases[0])] if cases else []
    return values


def per_byte(measured_case, streams):
    """As codec_ratio, for one stream by EVP against several at once."""
    def values(measured):
        return [streams * ratio for ratio in codec_ratio("encrypt/evp/1500/1", measured_case)(measured)]
    return values


GAME, BULK = "cpu_us_per_packet", "relay_cpu_s_per_gb"

FIGURES = [
    Figure("game, 10k pkt/s: relay CPU a packet, of Go's", against("game", "10k", GAME, "drawbridge", "go"), 0.75),
    Figure("the same, of HAProxy's", against("game", "10k", GAME, "drawbridge", "haproxy"), 0.90),
    Figure('game, 40k pkt/s, `coalesce = "1ms"`: CPU a packet, of Go\'s',
           against("game", "40k", GAME, "drawbridge+1ms", "go"), 0.40),
    Figure('the same, `coalesce = "auto"`', against("game", "40k", GAME, "drawbridge+auto", "go"), 0.60),
    Figure("added one-way delay at 10k pkt/s, median", added("10k", "delay_p50_us"), 25, "us"),
    Figure("added one-way delay at 10k pkt/s, p99", added("10k", "delay_p99_us"), 1000, "us"),
    Figure("user instructions a packet in the loop and the pump (callgrind)",
           value("instructions", "serial", "own_per_packet"), 200, ""),
    Figure("bulk from pages: throughput, of direct", against("bulk", "page", "gb_per_s", "drawbridge", "direct"),
           0.90, at_least=True),
    Figure("bulk from pages: relay CPU a GB, of HAProxy's (default)",
           against("bulk", "page", BULK, "drawbridge", "haproxy"), 0.25),
    Figure("bulk from pages: relay CPU a GB, of Go's", against("bulk", "page", BULK, "drawbridge", "go"), 1.1),
    Figure("memory of one more idle player", value("idle", "burst", "bytes_per_player"), 512, "B"),
    Figure("descriptors of one more idle player", value("idle", "burst", "descriptors_per_player"), 2, ""),
    Figure("held for a client that stops reading (client w, backend r, pipe)",
           value("stalled", "8", "held_bytes_per_player"), 1_000_000, "B"),
    Figure("set-up and tear-down a second and core, of Go's",
           against("accept", "64", "per_cpu_second", "drawbridge", "go"), 1.35, at_least=True),
    Figure("the same, of HAProxy's", against("accept", "64", "per_cpu_second", "drawbridge", "haproxy"), 1.1,
           at_least=True),
    Figure("cached status ping: CPU, of a bare loop's",
           against("status", "cached", "cpu_us_per_ping", "drawbridge", "bare"), 1.15),
    Figure("route look-up at 110k entries, the slowest kind", route_values(r"^look_up/table/"), 300,
           "ns"),
    Figure("route miss: how many times faster than a list of patterns",
           route_ratio(r"^look_up/list/miss", r"^look_up/table/miss"), 1000, at_least=True),
    Figure("start with 10,000 server files", value("reload", "10,000 files", "start_seconds"), 3, "s"),
    Figure("an edit among 10,000 files is live (with 300 ms of quiet)",
           value("reload", "10,000 files", "edit_live_ms"), 1300, "ms"),
    Figure("CFB8 encryption, one stream, times as fast as EVP", codec_ratio("encrypt/evp/1500/1", "encrypt/aes_ni/1500/1"),
           1.85, at_least=True),
    Figure("the same, 4 streams ready", per_byte("encrypt/aes_ni/1500/4", 4), 7, at_least=True),
    Figure("CFB8 decryption, times as fast as EVP",
           codec_ratio("decrypt/evp/1500", ("decrypt/aes_ni/1500", "decrypt/vaes/1500")), 14, at_least=True),
    Figure("untouched compressed packet of 44 kB, times cheaper than inflate and deflate-6",
           codec_ratio("recode/44000", "untouched/44000"), 100, at_least=True),
    Figure("the same, 512 B", codec_ratio("recode/512", "untouched/512"), 15, at_least=True),
    Figure("compressing 44 kB, times as fast as libdeflate-6", codec_ratio("deflate/libdeflate6/44000", "deflate/isal/44000"),
           5, at_least=True),
    Figure("its size, of libdeflate-6's", codec_ratio("deflate/isal/44000", "deflate/libdeflate6/44000", "size"), 1.2),
    *(Figure(f'{mode}, {case} pkt/s, `coalesce = "{coalesce}"`: CPU a packet, of passthrough\'s',
             against("intercepted", case, GAME, packet_suites.peer(mode, coalesce), packet_suites.peer("passthrough", coalesce)),
             limit)
      for mode, limit in (("offline", 1.15), ("client_only", 1.35))
      for coalesce in packet_suites.COALESCE for case in ("10k", "40k")),
    Figure("flood of 100-byte packets, offline: CPU a GB, of passthrough's without splice",
           against("flood", "100 B", BULK, "drawbridge+offline", "drawbridge without splice"), 1.5),
    Figure("flood of compressed packets of 8 kB: the same",
           against("flood", "8 kB compressed", BULK, "drawbridge+offline", "drawbridge without splice"), 1.3),
    Figure("memory of one more idle player in offline", value("idle_players", "burst", "bytes_per_player", "drawbridge+offline"),
           4096, "B"),
    Figure("the same in client_only", value("idle_players", "burst", "bytes_per_player", "drawbridge+client_only"),
           4096, "B"),
    Figure("memory of one more player in the limbo", value("limbo", "stay", "bytes_per_player", "drawbridge"), 2048, "B"),
    Figure("switch to another server: time beside a direct log-in of its own",
           value("move", "fallback", "added_p50_ms", "drawbridge+offline"), 5, "ms"),
    *(Figure(f"turned away by {reason}: CPU, of a relayed log-in's", refused_cost(reason), 0.25)
      for reason in gate_suite.REASONS),
    Figure("turned away by connection rate: a second and core, of HAProxy's with its rule",
           against("gate", "connection rate", "per_cpu_second", gate_suite.OURS, "haproxy-rate"), 0.9, at_least=True),
    Figure("100,000 bans: look-up, the slowest kind", ban_values("^bans/look_up"), 1000, "ns"),
    Figure("100,000 bans: reading the file", ban_values("^bans/load"), 1e9, "ns"),
]

# suite, case, title, columns (key, heading)
TABLES = [
    ("game", "10k", "Game, 1,000 players, 10,000 packets a second",
     [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")]),
    ("game", "40k", "Game, 1,000 players, 40,000 packets a second",
     [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")]),
    ("bulk", "page", "Bulk, from page cache",
     [("gb_per_s", "GB/s"), (BULK, "relay CPU-s/GB"), ("all_cpu_s_per_gb", "both ends too")]),
    ("bulk", "copy", "Bulk, copied at both ends",
     [("gb_per_s", "GB/s"), (BULK, "relay CPU-s/GB"), ("all_cpu_s_per_gb", "both ends too")]),
    ("idle", "burst", "Idle players", [("bytes_per_player", "B a player"),
                                       ("bytes_per_player_first", "B a player, first burst"),
                                       ("descriptors_per_player", "descriptors")]),
    ("accept", "64", "Set-up and tear-down", [("cpu_us_per_connection", "us CPU/connection"),
                                              ("per_cpu_second", "a second and core"), ("per_second", "a second")]),
    ("stalled", "8", "A client that stops reading", [
        ("held_bytes_per_player", "B held"), ("client_w", "client w"), ("backend_r", "backend r"), ("pipe", "pipe"),
        ("rss_growth_per_player", "own memory"), ("taken_bytes_per_player", "B taken by the whole path")]),
    ("status", "cached", "Status pings", [("cpu_us_per_ping", "us CPU/ping"), ("per_second", "a second")]),
    ("instructions", "serial", "Instructions", [("own_per_packet", "a packet in the loop and the pump"),
                                                ("instructions_per_packet", "with libc")]),
    ("intercepted", "10k", "Real packets, 1,000 players, 10,000 packets a second, compressed from 256 bytes",
     [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")]),
    ("intercepted", "40k", "Real packets, 1,000 players, 40,000 packets a second, compressed from 256 bytes",
     [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")]),
    ("flood", "100 B", "Flood of 100-byte packets without compression",
     [("gb_per_s", "GB/s"), (BULK, "relay CPU-s/GB"), ("relay_cpu_us_per_packet", "us CPU/packet")]),
    ("flood", "8 kB compressed", "Flood of compressed packets of about 8 kB",
     [("gb_per_s", "GB/s"), (BULK, "relay CPU-s/GB"), ("relay_cpu_us_per_packet", "us CPU/packet")]),
    ("idle_players", "burst", "Idle players after whole log-ins",
     [("bytes_per_player", "B a player"), ("bytes_per_player_first", "B a player, first burst"),
      ("descriptors_per_player", "descriptors")]),
    ("limbo", "join", "Limbo: log-in to spawn", [("cpu_us_per_connection", "us CPU/log-in"),
                                                 ("per_cpu_second", "a second and core")]),
    ("limbo", "stay", "Limbo: players who stay", [("bytes_per_player", "B a player"),
                                                  ("bytes_per_player_first", "B a player, first burst")]),
    ("limbo_hold", "500", "Limbo: 500 players who stand there", [
        ("wall", "s"), ("cpu_percent", "% of a core"), ("rss_start", "B without players"), ("rss_in", "B once all are in"),
        ("rss_end", "B at the end")]),
    ("move", "fallback", "A player between two servers", [
        ("own_login_p50_us", "us of a direct log-in"), ("move_p50_us", "us of a move"), ("added_p50_ms", "ms added, p50")]),
    *(("storm", to, f"1,000 players whose server dies at once, to {place}", [
        ("half_landed_ms", "ms until half have landed"), ("all_landed_ms", "ms until all have"),
        ("cpu_us_per_player", "us CPU/player")])
      for to, place in (("limbo", "the limbo"), ("server", "one other server"))),
    *(("gate", case, f"Gate: {case}", [("cpu_us_per_connection", "us CPU/connection"), ("per_cpu_second", "a second and core")])
      for case in ("accepted", "logged in", *gate_suite.REASONS)),
    *(("gate", case, f"Gate: {case}", [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")])
      for case in ("play, no flood", "play under a flood")),
    ("reload", "no edits", "Play without edits, 10,000 server files",
     [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")]),
    ("reload", "an edit a second", "Play with an edit a second, 10,000 server files",
     [(GAME, "us CPU/packet"), ("delay_p50_us", "p50 us"), ("delay_p99_us", "p99 us")]),
]


def spread(values, show):
    if len(values) == 1:
        return show(values[0])
    return f"{show(statistics.median(values))} ({show(min(values))}..{show(max(values))})"


def figure_rows(measurements):
    measured = Measured(measurements)
    for figure in FIGURES:
        values = figure.values(measured)
        if values:
            middle = statistics.median(values)
            yield (figure.name, figure.goal(), spread(values, lambda v, unit=figure.unit: number(v, unit)),
                   "yes" if figure.met(middle) else "**no**")


def peer_tables(measurements):
    measured = Measured(measurements)
    for suite, case, title, columns in TABLES:
        peers = sorted({entry["peer"] for entry in measurements if (entry["suite"], entry["case"]) == (suite, case)})
        rows = []
        for peer in peers:
            cells = [measured.plain(suite, case, key, peer) for key, _ in columns]
            if any(cells):
                rows.append([peer] + [spread(cell, lambda v: number(v, "")) if cell else "" for cell in cells])
        if rows:
            yield title, ["relay"] + [heading for _, heading in columns], rows


def markdown(headings, rows):
    lines = ["| " + " | ".join(headings) + " |", "| " + " | ".join("---" for _ in headings) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def summary(measurements):
    rows = list(figure_rows(measurements))
    return markdown(["figure", "goal", "measured", "met"], rows) if rows else "no figure can be made of this run"


def noise(measurements):
    loaded = [entry for entry in measurements if "noisy" in entry]
    loud = sum(1 for entry in loaded if entry["noisy"])
    if not loaded:
        return ""
    return (f"{loud} of {len(loaded)} measurements under load were made while other programs used more than 9 % of "
            "the machine.\n\n")


def write_readme(readme, results):
    data = json.loads(results.read_text())
    about, measurements = data["machine"], data["measurements"]
    commits = sorted({entry["commit"] for entry in measurements})
    dates = sorted({entry["date"] for entry in measurements})
    text = (f"Measured {' and '.join(dates)} at commit {', '.join(commits)} on {about['processors']} virtual "
            f"processors ({about['processor']}), kernel {about['kernel']}. HAProxy {about['haproxy']}, nginx "
            f"{about['nginx']}, Go {about['go']}. Median (lowest..highest) over the rounds; ratios are taken within a "
            f"round.\n\n{noise(measurements)}{summary(measurements)}\n")
    for title, headings, rows in peer_tables(measurements):
        text += f"\n### {title}\n\n{markdown(headings, rows)}\n"
    old = readme.read_text()
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in rest:
        raise SystemExit(f"{readme} has no place for the figures")
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")
    print(f"wrote the figures of {results} into {readme}")
