"""The run: start everything, try all cells, print the outcome, end everything."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from . import catalogue, java, matrix_page, places, suites
from .cells import Cell, run_cells
from .lab import Lab


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/peers/run", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--short", action="store_true", help="a few game versions, all modes (the default)")
    size.add_argument("--matrix", action="store_true", help="every game version; writes docs/matrix.md")
    parser.add_argument("--proxy", choices=["drawbridge", "none"], default="drawbridge")
    parser.add_argument("--modes", default=",".join(mode.name for mode in catalogue.MODES), metavar="MODE,..",
                        help="only these proxy modes (%(default)s)")
    parser.add_argument("--only", action="append", metavar="TEXT", help="only cells whose name has TEXT; writes no page")
    parser.add_argument("--jobs", type=int, default=100, help="cells under way at once (%(default)s)")
    parser.add_argument("--busy", type=int, default=6, help="cells that do something at the same moment (%(default)s)")
    parser.add_argument("--stay", type=float, help="seconds that a player stays (60; 6 with --short)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and configurations")
    options = parser.parse_args(argv)
    known = {mode.name: mode for mode in catalogue.MODES}
    options.partial = bool(options.only) or options.modes != parser.get_default("modes")
    options.modes = options.modes.split(",")
    if unknown := set(options.modes) - set(known):
        parser.error(f"no mode is called {', '.join(unknown)}; there are {', '.join(known)}")
    options.modes = [mode for name, mode in known.items() if name in options.modes]
    options.stay = options.stay or (60 if options.matrix else 6)
    return options


def report(cell: Cell) -> None:
    outcome = "ok    " if cell.passed else "FAILED"
    print(f"{outcome} {cell.seconds:6.1f} s  {cell.name}", flush=True)
    if not cell.passed:
        print("         " + cell.failure.strip().replace("\n", "\n         "), flush=True)


async def run(options: argparse.Namespace, folder: Path) -> list[Cell]:
    lab = Lab(folder)
    plan = suites.Plan(lab, folder, short=not options.matrix, proxied=options.proxy == "drawbridge", stay=options.stay,
                       only=options.only or [], modes=options.modes)
    try:
        cells = await plan.prepare()
        matrix_page.check_titles(cells)
        await run_cells(cells, options.jobs, options.busy, report)
        endings = await plan.end_doors()
        for cell in endings:
            report(cell)
        return cells + endings
    finally:
        await plan.kill_doors()
        await lab.stop()


def main(argv: list[str]) -> int:
    options = arguments(argv)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="drawbridge-peers-"))
    cells: list[Cell] = []
    complaint = None
    try:
        places.check_tools()
        places.install()
        java.install()
        cells = asyncio.run(run(options, folder))
        if not cells:
            complaint = "no cell was run"
    except places.Unusable as error:
        complaint = str(error)
    except Exception:  # a fault of the harness: a failed run too, with its closing line
        complaint = traceback.format_exc()
    failed = [cell for cell in cells if not cell.passed]
    if complaint:
        print(f"peers: {complaint}", file=sys.stderr)
    if options.matrix and options.proxy == "drawbridge" and not options.partial and not complaint:
        matrix_page.write(cells, options.stay)
    if failed or complaint or options.keep:
        print(f"peers: logs are in {folder}")
    else:
        shutil.rmtree(folder)
    for cell in failed:
        print(f"peers: failed: {cell.name}")
    print(f"peers: {time.monotonic() - began:.0f} s")
    print(f"{len(cells) - len(failed)} passed, {len(failed) + (1 if complaint else 0)} failed", flush=True)
    return 1 if failed or complaint else 0
