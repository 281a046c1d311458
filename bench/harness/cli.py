"""Command line of bench/run."""
import argparse
import json
import pathlib
import sys

from . import figures, gate_suite, machine, namespace, packet_suites, proxy_suites, suites
from .load import Load
from .peers import Peers, Unavailable

ROOT = pathlib.Path(__file__).resolve().parents[2]

SUITES = {
    "game": suites.game, "bulk": suites.bulk, "idle": suites.idle, "accept": suites.accept,
    "stalled": suites.stalled, "status": suites.status, "route": proxy_suites.route,
    "reload": proxy_suites.reload, "instructions": proxy_suites.instructions,
    "intercepted": packet_suites.intercepted, "flood": packet_suites.flood,
    "idle_players": packet_suites.idle_players, "limbo": packet_suites.limbo,
    "limbo_hold": packet_suites.limbo_hold, "storm": packet_suites.storm, "move": packet_suites.move,
    "codec": packet_suites.codec, "gate": gate_suite.gate,
}


def parse():
    parser = argparse.ArgumentParser(prog="bench/run", description=(
        "Measures Drawbridge beside other relays in a network namespace of its own. Without a suite: all of them."))
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" ".join(SUITES))
    parser.add_argument("--peers", help="comma separated: " + " ".join(Peers.plain) +
                        "; options of drawbridge: drawbridge+1ms, drawbridge+auto, drawbridge+offline and other modes")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0, help="measured time of one run under load")
    parser.add_argument("--hold", type=float, default=600.0, metavar="S", help="how long limbo_hold lasts (%(default)s)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="where results go; suites that FILE has and that do not run now are kept")
    parser.add_argument("--readme", action="store_true",
                        help="write the tables of bench/README.md from --json FILE (default: bench/results.json)")
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/drawbridge")
    parser.add_argument("--generator", type=pathlib.Path,
                        default=ROOT / "build/release/bench/drawbridge_bench_load")
    parser.add_argument("--no-spinner", action="store_true", help="let processor 0 sleep between packets")
    parser.add_argument("--shared-machine", action="store_true",
                        help="other programs keep the machine busy: put relays (SCHED_RR) and generator before them; "
                        "needs root")
    parser.add_argument("--quiet-wait", type=float, default=20, metavar="S",
                        help="how long to wait for a quiet machine before a suite and between tries")
    options = parser.parse_args()
    for name in options.suites:
        if name not in SUITES:
            parser.error(f"no suite is called {name}; there are {', '.join(SUITES)}")
    return options


def keep_old(path, ran):
    """Measurements in `path` that this run did not make anew: other suites, and other peers of the same suite."""
    if path is None or not path.exists():
        return []
    fresh = {(entry["suite"], entry["case"], entry["peer"]) for entry in ran}
    # Ratios are taken within a round, so a suite is only kept as a whole.
    again = {suite for suite, _, _ in fresh}
    return [entry for entry in json.loads(path.read_text())["measurements"] if entry["suite"] not in again]


def main():
    options = parse()
    if options.readme and not options.suites:
        figures.write_readme(ROOT / "bench" / "README.md", options.json or ROOT / "bench" / "results.json")
        return 0
    if not options.generator.exists():
        print(f"{options.generator} does not exist; run `make build`", file=sys.stderr)
        return 1
    namespace.enter()

    load = Load(options.generator, spinner=not options.no_spinner, quiet_wait=options.quiet_wait,
                shared=options.shared_machine)
    bench = suites.Bench(Peers(ROOT, options.binary.resolve(), options.generator.resolve(), options.shared_machine), load, ROOT,
                         options.rounds, options.seconds, options.peers.split(",") if options.peers else None,
                         hold=options.hold, say=lambda text: print(text, flush=True))
    about = {**machine.describe(ROOT), "shared": options.shared_machine}
    measurements = []
    for name in options.suites or list(SUITES):
        bench.say(f"{name}: {SUITES[name].__doc__.strip()}")
        suites.quiet_enough(bench, options.quiet_wait)
        try:
            for result in SUITES[name](bench):
                measurements.append({**result, "commit": about["commit"], "date": about["date"]})
        except Unavailable as missing:
            bench.failures.append(f"{name}: {missing}")
        if options.json:
            kept = keep_old(options.json, measurements)
            options.json.write_text(json.dumps({"machine": about, "measurements": kept + measurements}, indent=1) +
                                    "\n")
    print(figures.summary(measurements))
    if options.readme and options.json:
        figures.write_readme(ROOT / "bench" / "README.md", options.json)
    for failure in bench.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if bench.failures else 0
