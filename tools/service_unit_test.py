"""The systemd unit: that systemd understands it, that it grants little, and that the program works under its filter of
system calls, as does a JVM under the drop-in for local servers. The filter is put on with libseccomp, in the way in
which systemd does it, so that no running systemd is needed; where one runs, the unit is started for real."""
import ctypes
import errno
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNIT = ROOT / "packaging/systemd/drawbridge.service"
DROP_IN = ROOT / "packaging/systemd/drawbridge.service.d/local-servers.conf"
NOBODY = 65534
PATIENCE = 20


def program():
    """The newest build."""
    built = [p for p in ROOT.glob("build/*/drawbridge") if p.is_file()]
    if not built:
        raise AssertionError("no build/*/drawbridge: build it first")
    return max(built, key=lambda p: p.stat().st_mtime)


def settings(*files):
    """Of [Service], in order; a key may come more than once."""
    out = []
    for file in files:
        for line in file.read_text().splitlines():
            match = re.fullmatch(r"([A-Za-z]+)=(.*)", line)
            if match:
                out.append((match[1], match[2]))
    return out


def value(key, *files):
    values = [v for k, v in settings(*files) if k == key]
    return values[-1] if values else None


def calls_of(group):
    """The system calls of a group such as @system-service, as this systemd knows it."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True, check=True).stdout
    out = set()
    for line in text.splitlines():
        word = line.strip()
        if line.startswith("    ") and word and not word.startswith("#"):
            out |= calls_of(word) if word.startswith("@") else {word}
    return out


def allowed_calls(*files):
    allowed = set()
    for key, words in settings(*files):
        if key != "SystemCallFilter":
            continue
        denied = words.startswith("~")
        for word in words.removeprefix("~").split():
            group = calls_of(word) if word.startswith("@") else {word}
            allowed = allowed - group if denied else allowed | group
    # systemd always allows these, or the service could not even be started.
    return allowed | calls_of("@default") | {"execve", "exit", "exit_group", "rt_sigreturn"}


class Filter:
    """A seccomp filter for a child, made before the fork."""

    def __init__(self, calls):
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.library.seccomp_init.argtypes = [ctypes.c_uint32]
        self.library.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
        self.library.seccomp_load.argtypes = [ctypes.c_void_p]
        refuse = 0x00050000 | errno.EPERM
        allow = 0x7FFF0000
        self.context = self.library.seccomp_init(refuse)
        for call in sorted(calls):
            number = self.library.seccomp_syscall_resolve_name(call.encode())
            if number >= 0:
                self.library.seccomp_rule_add(self.context, allow, number, 0)

    def __call__(self):
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        if self.library.seccomp_load(self.context) != 0:
            os._exit(99)


def log_text(file):
    return pathlib.Path(file).read_text(errors="replace")


def wait_for(file, pattern):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        match = re.search(pattern, log_text(file))
        if match:
            return match
        time.sleep(0.02)
    raise AssertionError(f"nothing in the log matches {pattern}:\n{log_text(file)}")


class Unit(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="drawbridge-unit-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)

    def verified_copy(self, with_drop_in):
        """A unit whose ExecStart exists on this machine."""
        unit = self.folder / "drawbridge.service"
        unit.write_text(UNIT.read_text().replace("/usr/local/bin/drawbridge", str(program())))
        if with_drop_in:
            target = self.folder / "drawbridge.service.d"
            target.mkdir(exist_ok=True)
            shutil.copy(DROP_IN, target)
        return unit

    def test_systemd_understands_it(self):
        for with_drop_in in (False, True):
            unit = self.verified_copy(with_drop_in)
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True)
            ours = [line for line in done.stderr.splitlines() if "drawbridge" in line]
            self.assertEqual(ours, [])

    def test_it_grants_little(self):
        unit = self.verified_copy(False)
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
                              capture_output=True, text=True)
        match = re.search(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
        self.assertIsNotNone(match, done.stdout + done.stderr)
        self.assertLess(float(match[1]), 2.0, done.stdout)

    def test_the_rights_that_matter(self):
        self.assertEqual(value("NoNewPrivileges", UNIT), "yes")
        self.assertEqual(value("CapabilityBoundingSet", UNIT), "")
        self.assertEqual(value("ProtectSystem", UNIT), "strict")
        self.assertNotIn(value("User", UNIT), (None, "root"))
        self.assertEqual(value("RestrictAddressFamilies", UNIT), "AF_INET AF_INET6 AF_UNIX")
        calls = allowed_calls(UNIT)
        for call in ("ptrace", "mount", "bpf", "kexec_load", "init_module", "setns", "unshare", "reboot", "chroot"):
            self.assertNotIn(call, calls)

    def test_the_drop_in_opens_only_what_a_jvm_needs(self):
        self.assertEqual(value("KillMode", UNIT, DROP_IN), "process")
        self.assertEqual(value("MemoryDenyWriteExecute", UNIT, DROP_IN), "no")
        self.assertEqual({k for k, _ in settings(DROP_IN)},
                         {"MemoryDenyWriteExecute", "ProcSubset", "ReadWritePaths", "KillMode", "TimeoutStopSec", "TasksMax"})

    def test_the_filter_refuses_what_it_names(self):
        done = subprocess.run(["unshare", "--user", "true"], capture_output=True, text=True,
                              preexec_fn=Filter(allowed_calls(UNIT)))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not permitted", done.stderr)

    def test_the_program_serves_under_the_filter(self):
        (self.folder / "servers").mkdir()
        (self.folder / "servers/lobby.toml").write_text('domains = ["play.example"]\naddresses = ["127.0.0.1:1"]\n')
        (self.folder / "drawbridge.toml").write_text('bind = "127.0.0.1:0"\nban.file = "bans.json"\n')
        (self.folder / "bans.json").write_text("{}")
        if os.getuid() == 0:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        binary = self.folder / "drawbridge"
        shutil.copy(program(), binary)
        log = self.folder / "log"
        with open(log, "wb") as out:
            child = subprocess.Popen([str(binary), "run", "-c", str(self.folder / "drawbridge.toml")], stderr=out,
                                     stdin=subprocess.DEVNULL, preexec_fn=Filter(allowed_calls(UNIT)))
        try:
            port = int(wait_for(log, r"listening address=127\.0\.0\.1:(\d+)")[1])
            wait_for(log, r" ready ")
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
                client.sendall(b"\xfe\x01")
                self.assertEqual(client.recv(1), b"\xff")
            # Files are watched, and the ban file is written by a command and read by the proxy.
            subprocess.run([str(binary), "ban", "-c", str(self.folder / "drawbridge.toml"), "127.0.0.1"], check=True,
                           capture_output=True, preexec_fn=Filter(allowed_calls(UNIT)))
            wait_for(log, r"bans read bans=1")
            (self.folder / "servers/second.toml").write_text('domains = ["b.example"]\naddresses = ["127.0.0.1:2"]\n')
            wait_for(log, r"servers changed")
            child.send_signal(signal.SIGHUP)
            wait_for(log, r"reloading")
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(PATIENCE), 0)
        finally:
            child.kill()
            child.wait()

    def test_a_jvm_runs_under_the_drop_in(self):
        java = shutil.which("java")
        self.assertIsNotNone(java, "no java: scripts/setup test installs one")
        done = subprocess.run([java, "-Xmx64m", "-XX:TieredStopAtLevel=1", "-version"], capture_output=True, text=True,
                              timeout=60, preexec_fn=Filter(allowed_calls(UNIT, DROP_IN)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("version", done.stderr)

    def test_started_for_real_where_systemd_runs(self):
        # The name of process 1 tells; inside containers there is usually none, and the filter was tested above.
        if pathlib.Path("/proc/1/comm").read_text().strip() != "systemd" or os.getuid() != 0:
            return
        name = "drawbridge-unit-test"
        (self.folder / "servers").mkdir()
        (self.folder / "drawbridge.toml").write_text('bind = "127.0.0.1:0"\n')
        text = UNIT.read_text().replace("/usr/local/bin/drawbridge", str(program()))
        text = text.replace("/etc/drawbridge/", f"{self.folder}/").replace("User=drawbridge", "DynamicUser=yes")
        text = text.replace("Group=drawbridge\n", "").replace("ProtectHome=yes", "ProtectHome=no")
        target = pathlib.Path(f"/run/systemd/system/{name}.service")
        target.write_text(text)
        try:
            subprocess.run(["systemctl", "daemon-reload"], check=True)
            subprocess.run(["systemctl", "start", name], check=True)
            state = subprocess.run(["systemctl", "is-active", name], capture_output=True, text=True).stdout.strip()
            self.assertEqual(state, "active")
            subprocess.run(["systemctl", "stop", name], check=True)
        finally:
            target.unlink()
            subprocess.run(["systemctl", "daemon-reload"], check=False)


if __name__ == "__main__":
    unittest.main()
