"""The systemd unit: that systemd understands it, that it grants little, and that the program works under its filter of
system calls, as does a JVM under the drop-in for local servers. The filter is put on with libseccomp, in the way in
which systemd does it (with address families, namespaces and writable code as arguments of calls), so that no running
systemd is needed; where one runs, the unit is started for real."""
import ctypes
import errno
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/peers"))
from harness.ports import free_port  # noqa: E402

UNIT = ROOT / "packaging/systemd/drawbridge.service"
DROP_IN = ROOT / "packaging/systemd/drawbridge.service.d/local-servers.conf"
NOBODY = 65534
PATIENCE = 20


# What a Minecraft server is to the proxy: says when it is ready, answers a status request, speaks to whoever logs in
# (here: a kick), and ends when "stop" is typed.
JAVA_SERVER = """
import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;

public class Server {
  static void say(OutputStream out, String json) throws IOException {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    out.write(new byte[] {(byte) (text.length + 2), 0, (byte) text.length});
    out.write(text);
    out.flush();
  }
  static void serve(Socket socket) {
    try (socket) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] handshake = new byte[in.readUnsignedByte()];
      in.readFully(handshake);
      in.readFully(new byte[in.readUnsignedByte()]);
      boolean asks = handshake[handshake.length - 1] == 1;
      String status = "{'version':{'name':'j','protocol':769},'players':{'max':1,'online':0}}";
      say(socket.getOutputStream(), asks ? status.replace((char) 39, (char) 34) : "\\"from a JVM\\"");
      if (!asks) return;
      byte[] ping = new byte[10];
      in.readFully(ping);
      socket.getOutputStream().write(ping);
    } catch (IOException gone) {
    }
  }
  public static void main(String[] words) throws Exception {
    ServerSocket door = new ServerSocket(Integer.parseInt(words[0]), 50, InetAddress.getByName("127.0.0.1"));
    Thread serving = new Thread(() -> {
      while (true) {
        try {
          serve(door.accept());
        } catch (IOException e) {
          return;
        }
      }
    });
    serving.setDaemon(true);
    serving.start();
    System.out.println("Done! For help, type \\"help\\"");
    BufferedReader console = new BufferedReader(new InputStreamReader(System.in));
    for (String line; (line = console.readLine()) != null;)
      if (line.equals("stop")) break;
    System.out.println("ends by its own word");
  }
}
"""


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


class Argument(ctypes.Structure):
    """A condition on an argument of a call: `mask` of it is `wanted`."""
    _fields_ = [("number", ctypes.c_uint), ("comparison", ctypes.c_int), ("mask", ctypes.c_uint64),
                ("wanted", ctypes.c_uint64)]


MASKED_EQUAL = 7
WHOLE = (1 << 64) - 1
WRITE, EXECUTE = 2, 4
SHM_EXECUTE = 0o100000
NAMESPACES = 0x7E020080  # every CLONE_NEW...
FAMILIES = {"AF_UNIX": socket.AF_UNIX, "AF_INET": socket.AF_INET, "AF_INET6": socket.AF_INET6}


def conditions(*files):
    """Of calls that the unit allows with some arguments only: name -> the conditions, one of which must hold."""
    out = {"clone": [(0, NAMESPACES, 0)]} if value("RestrictNamespaces", *files) == "yes" else {}
    families = value("RestrictAddressFamilies", *files).split()
    for call in ("socket", "socketpair"):
        out[call] = [(0, WHOLE, FAMILIES[name]) for name in families]
    if value("MemoryDenyWriteExecute", *files) == "yes":
        out["mmap"] = [(2, WRITE | EXECUTE, wanted) for wanted in (0, WRITE, EXECUTE)]
        out["mprotect"] = out["pkey_mprotect"] = [(2, EXECUTE, 0)]
        out["shmat"] = [(2, SHM_EXECUTE, 0)]
    return out


class Filter:
    """The seccomp filter of a unit for a child, made before the fork."""

    def __init__(self, *files, as_nobody=True):
        self.as_nobody = as_nobody
        self.library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.library.seccomp_init.argtypes = [ctypes.c_uint32]
        self.library.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                                        ctypes.POINTER(Argument)]
        self.library.seccomp_load.argtypes = [ctypes.c_void_p]
        self.context = self.library.seccomp_init(0x00050000 | errno.EPERM)
        allow = 0x7FFF0000
        asked = conditions(*files)
        for call in sorted(allowed_calls(*files)):
            if call == "clone3":  # its flags are out of a filter's sight; the C library then uses clone
                self.add(0x00050000 | errno.ENOSYS, call)
                continue
            for condition in asked.get(call, [None]):
                self.add(allow, call, condition)

    def add(self, action, call, condition=None):
        number = self.library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:  # not on this architecture
            return
        arguments = (Argument * 1)(*([Argument(condition[0], MASKED_EQUAL, *condition[1:])] if condition else []))
        if self.library.seccomp_rule_add_array(self.context, action, number, 1 if condition else 0, arguments) != 0:
            raise AssertionError(f"no rule can be made for {call}")

    def __call__(self):
        if self.as_nobody and os.getuid() == 0:
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
                              preexec_fn=Filter(UNIT))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("not permitted", done.stderr)

    def test_the_filter_looks_at_arguments(self):
        tries = {
            "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)": False,
            "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)": False,
            "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)": True,
            "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)": False,
            "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE)": True,
        }
        for expression, works in tries.items():
            done = subprocess.run([sys.executable, "-c", f"import mmap, socket; {expression}"], capture_output=True,
                                  text=True, preexec_fn=Filter(UNIT, as_nobody=False))  # who may not be let to Python
            self.assertEqual(done.returncode == 0, works, f"{expression}: {done.stderr}")
            if not works:
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
        systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(systemd.close)
        systemd.bind(str(self.folder / "notify"))
        (self.folder / "notify").chmod(0o777)
        systemd.settimeout(PATIENCE)
        self.assertEqual(value("Type", UNIT), "notify")
        with open(log, "wb") as out:
            child = subprocess.Popen([str(binary), "run", "-c", str(self.folder / "drawbridge.toml")], stderr=out,
                                     stdin=subprocess.DEVNULL, preexec_fn=Filter(UNIT),
                                     env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")})
        try:
            while b"READY=1" not in systemd.recv(4096):
                pass
            port = int(wait_for(log, r"listening address=127\.0\.0\.1:(\d+)")[1])
            wait_for(log, r" ready ")
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
                client.sendall(b"\xfe\x01")
                self.assertEqual(client.recv(1), b"\xff")
            # Files are watched, and the ban file is written by a command and read by the proxy.
            subprocess.run([str(binary), "ban", "-c", str(self.folder / "drawbridge.toml"), "127.0.0.1"], check=True,
                           capture_output=True, preexec_fn=Filter(UNIT))
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
                              timeout=60, preexec_fn=Filter(UNIT, DROP_IN))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("version", done.stderr)

    def test_a_jvm_needs_the_drop_in(self):
        """Else the drop-in would open something for nothing."""
        done = subprocess.run([shutil.which("java"), "-Xmx64m", "-version"], capture_output=True, text=True, timeout=60,
                              preexec_fn=Filter(UNIT))
        self.assertNotEqual(done.returncode, 0)

    def test_the_proxy_starts_a_jvm_under_the_drop_in(self):
        """A player joins a server that sleeps: the proxy's own child is a JVM, and both are under the filter."""
        backend = free_port()
        world = self.folder / "world"
        world.mkdir()
        (world / "Server.java").write_text(JAVA_SERVER)
        (self.folder / "servers").mkdir()
        (self.folder / "servers/lobby.toml").write_text(
            f'domains = ["play.example"]\naddresses = ["127.0.0.1:{backend}"]\n[server_manager]\ntype = "local"\n'
            f'command = "{shutil.which("java")}"\nargs = ["-Xmx64m", "Server.java", "{backend}"]\n'
            f'working_dir = "{world}"\nstart_timeout = "60s"\n')
        (self.folder / "drawbridge.toml").write_text('bind = "127.0.0.1:0"\nshutdown.drain = "0s"\n')
        if os.getuid() == 0:
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        binary = self.folder / "drawbridge"
        shutil.copy(program(), binary)
        log = self.folder / "log"
        with open(log, "wb") as out:
            child = subprocess.Popen([str(binary), "run", "-c", str(self.folder / "drawbridge.toml")], stderr=out,
                                     stdin=subprocess.DEVNULL, preexec_fn=Filter(UNIT, DROP_IN), cwd=self.folder)
        try:
            port = int(wait_for(log, r"listening address=127\.0\.0\.1:(\d+)")[1])
            wait_for(log, r" ready ")
            with socket.create_connection(("127.0.0.1", port), timeout=60) as player:
                host = b"play.example"
                handshake = b"\0" + b"\x81\x06" + bytes([len(host)]) + host + b"\x63\xdd\x02"
                login = b"\0\x05Steve" + bytes(16)
                player.sendall(bytes([len(handshake)]) + handshake + bytes([len(login)]) + login)
                heard = b""
                while part := player.recv(4096):
                    heard += part
                self.assertIn(b"from a JVM", heard, log_text(log))
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(60), 0)
            console = log_text(world / "console.log")
            self.assertIn('type "help"', console)
            self.assertIn("ends by its own word", console)
        finally:
            child.kill()
            child.wait()

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
