"""Starts the load generator, pinned to processor 1, and reads what it measured."""
import contextlib
import json
import subprocess
import time

from . import machine
from .peers import BACKEND, HOST, prepared


# Suites of the generator that take no processor time.
UNMETERED = ("stalled", "serial", "move")


class LoadFailed(Exception):
    """The generator found something wrong, or ran out of time."""


class Load:
    def __init__(self, generator, spinner=True, quiet_wait=10, retries=2, foreign_limit=0.09, shared=False):
        self.generator = generator
        self.use_spinner = spinner
        self.quiet_wait = quiet_wait
        # Before the others of a shared machine there is nothing to wait for.
        self.retries = 0 if shared else retries
        self.foreign_limit = foreign_limit
        self.nice = -15 if shared else 0
        self.spinner = None

    @contextlib.contextmanager
    def awake(self, limit=3500):
        """Keeps processor 0 awake for as long as the block runs, by a program that gives way to everything."""
        if self.use_spinner:
            self.spin(limit)
        try:
            yield
        finally:
            self.stop_spinning()

    def spin(self, limit=3500):
        # In a session of its own, with the lowest share: in ours it would use up what the relay is entitled to.
        self.spinner = subprocess.Popen(["taskset", "-c", "0", str(self.generator), "spin", "--limit", str(limit)],
                                        **prepared(19))

    def stop_spinning(self):
        if self.spinner:
            self.spinner.kill()
            self.spinner.wait()
            self.spinner = None

    def command(self, suite, relay, limit, **options):
        command = ["taskset", "-c", "1", str(self.generator), suite, "--limit", str(limit),
                   "--target", relay.target, "--backend", BACKEND, "--host", HOST]
        if relay.pids and suite not in UNMETERED:
            command += ["--relay", ",".join(map(str, relay.pids))]
        if self.spinner and suite not in UNMETERED + ("idle",):
            command += ["--others", str(self.spinner.pid)]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        return command

    def once(self, suite, relay, limit=60, **options):
        done = subprocess.run(self.command(suite, relay, limit, **options), capture_output=True, text=True,
                              check=False, **prepared(self.nice))
        if done.returncode != 0:
            reason = done.stderr.strip() or f"ended with status {done.returncode}"
            raise LoadFailed(f"{suite} with {relay.name}: {reason} {relay.log() if not relay.alive() else ''}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def measured(self, suite, relay, limit=60, **options):
        """As once(), repeated while other programs took part of the machine; the last one counts, marked `noisy`."""
        for attempt in range(self.retries + 1):
            result = self.once(suite, relay, limit, **options)
            result["noisy"] = result.get("foreign", 0) > self.foreign_limit
            if not result["noisy"] or attempt == self.retries:
                return result
            self.pause_and_wait()
        return result

    def pause_and_wait(self):
        """Looks for a quiet moment. The spinner is no quiet, so it rests meanwhile."""
        running = self.spinner is not None
        self.stop_spinning()
        machine.wait_for_quiet(self.quiet_wait)
        if running:
            self.spin()
            time.sleep(0.1)
