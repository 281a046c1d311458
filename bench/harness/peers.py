"""The programs under test. Each is started on processor 0 as an ordinary user, with one relay thread where that can be
chosen, and listens on RELAY; what it is to connect to listens on BACKEND."""
import contextlib
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from . import namespace, session_server

RELAY_PORT = 25565
BACKEND_PORT = 25600
RELAY = f"127.0.0.1:{RELAY_PORT}"
BACKEND = f"127.0.0.1:{BACKEND_PORT}"
HOST = "bench.test"


class Unavailable(Exception):
    """A peer, or a tool, that this machine does not have."""


def prepared(nice=0, realtime=False):
    """Arguments for Popen: all descriptors that are allowed, a session of its own, and a priority. Where the kernel
    shares the processor out by sessions (autogroups), nice works within one only, so the session gets it too."""
    def prepare():
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if realtime:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        elif nice:
            os.nice(nice)
            with contextlib.suppress(FileNotFoundError), open("/proc/self/autogroup", "w", encoding="ascii") as group:
                group.write(str(nice))
    return {"preexec_fn": prepare, "start_new_session": True}


def listening(port):
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError), open(table, encoding="ascii") as sockets:
            for line in sockets:
                fields = line.split()
                if fields[3] == "0A" and fields[1].endswith(wanted):
                    return True
    return False


def descendants(pid):
    found = [pid]
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
                for child in children.read().split():
                    found += descendants(int(child))
    return found


class Relay:
    """A running peer. `pids` are its processes; `target` is where clients connect."""

    def __init__(self, name, process, folder, target=RELAY, started_in=0.0):
        self.name = name
        self.process = process
        self.folder = folder
        self.target = target
        self.started_in = started_in  # seconds from exec to listening

    @property
    def pids(self):
        return descendants(self.process.pid) if self.process else []

    def alive(self):
        return self.process is None or self.process.poll() is None

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""


def tool(name, package):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/go/bin")
    if path is None:
        raise Unavailable(f"{name} is missing (Debian package {package})")
    return path


class Peers:
    """Knows how each peer is started. Names may carry options: drawbridge+1ms, drawbridge+auto+client_only. With
    `stripped` Drawbridge runs without debug information (symbols stay)."""

    plain = ("direct", "drawbridge", "haproxy", "haproxy-splice", "haproxy-rate", "nginx", "go", "bare")

    def __init__(self, root, binary, generator, shared=False):
        self.root = root
        self.stripped = False
        self.shared = shared  # the machine has other users: see --shared-machine
        self.binary = binary
        self.generator = generator

    @contextlib.contextmanager
    def running(self, name, settings="", servers=None, wrap=(), answer=None, ready_limit=15,
                ordinary=False):
        """Starts the peer and ends it afterwards. `settings`: more global keys for Drawbridge; `servers`: a function
        that fills its servers folder; `wrap`: a command prefix instead of pinning; `answer`: file for `bare`; `ordinary`:
        no priority on a shared machine either (a real-time thread of a program is not preempted by its others)."""
        if name == "direct":
            yield Relay(name, None, pathlib.Path("."), target=BACKEND)
            return
        # Not mkdtemp's default rights: the relay runs as another user and must be able to enter.
        with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as made:
            folder = pathlib.Path(made)
            folder.chmod(0o755)
            command = self.command(name, folder, settings, servers, answer)
            hand_over(folder)
            prefix = list(wrap) or ["taskset", "-c", "0"]
            with open(folder / "log", "wb") as log:
                began = time.monotonic()
                process = subprocess.Popen(
                    # Nothing of the caller's environment may configure what is measured.
                    ["env", "-i", f"PATH={os.environ.get('PATH', '')}"] + namespace.drop_privileges() + prefix + command, cwd=folder, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, **prepared(realtime=self.shared and not ordinary))
            relay = Relay(name, process, folder)
            try:
                while not listening(RELAY_PORT):
                    if not relay.alive() or time.monotonic() - began > ready_limit:
                        raise RuntimeError(f"{name} did not start: {relay.log()}")
                    time.sleep(0.005)
                relay.started_in = time.monotonic() - began
                yield relay
            finally:
                end(process)

    def command(self, name, folder, settings, servers, answer):
        kind, *options = name.split("+")
        if kind == "drawbridge":
            return self.drawbridge(folder, options, settings, servers)
        if options:
            raise Unavailable(f"{kind} has no options")
        if kind in ("haproxy", "haproxy-splice"):
            return haproxy(folder, splice=kind == "haproxy-splice")
        if kind == "haproxy-rate":
            return haproxy(folder, splice=False, rate_rule=True)
        if kind == "nginx":
            return nginx(folder)
        if kind == "go":
            return [self.build_go(folder), "-listen", RELAY, "-backend", BACKEND]
        if kind == "bare":
            if answer is None:
                raise Unavailable("bare only answers status pings")
            shutil.copy(answer, folder / "answer")
            return [copy_in(self.generator, folder), "bare-status", "--target", RELAY,
                    "--answer", str(folder / "answer"), "--limit", "120"]
        raise Unavailable(f"no peer is called {name}")

    def drawbridge(self, folder, options, settings, servers):
        if not self.binary.exists():
            raise Unavailable(f"{self.binary} does not exist; run `make build`")
        modes = {"passthrough", "zero_copy", "server_only", "client_only", "offline"}
        mode = next((option for option in options if option in modes), "passthrough")
        coalesce = next((option for option in options if option not in modes), "off")
        (folder / "servers").mkdir()
        (folder / "drawbridge.toml").write_text(
            f'bind = "{RELAY}"\nworker_threads = 1\ncoalesce = "{coalesce}"\n'
            f'auth.session_url = "{session_server.URL}"\n{settings}')
        server_file(folder / "servers" / "bench.toml", HOST, mode)
        if servers:
            servers(folder / "servers")
        program = copy_in(self.binary, folder)
        if self.stripped:
            subprocess.run([tool("strip", "binutils"), "--strip-debug", program], check=True)
        return [program, "run", "-c", str(folder / "drawbridge.toml"), "--no-console",
                "--log-level", "warn"]

    def build_go(self, folder):
        made = self.root / "build" / "bench" / "go_relay"
        source = self.root / "bench" / "peers" / "go_relay"
        if not made.exists() or made.stat().st_mtime < (source / "main.go").stat().st_mtime:
            made.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([tool("go", "golang-go"), "build", "-o", str(made), "."], cwd=source, check=True,
                           env=dict(os.environ, GOFLAGS="-mod=mod", GOTOOLCHAIN="local"))
        return copy_in(made, folder)


def server_file(path, domain, mode="passthrough", address=BACKEND):
    """Written beside and renamed, as editors do it, so that nobody reads half of it."""
    beside = path.with_suffix(".part")
    beside.write_text(f'domains = ["{domain}"]\naddresses = ["{address}"]\nproxy_mode = "{mode}"\n')
    beside.rename(path)


def haproxy(folder, splice, rate_rule=False):
    # One connection an hour and source, as the `gate` suite sets Drawbridge up; honest players are exempt.
    rule = """    stick-table type ip size 100k expire 1h store conn_rate(3600s)
    tcp-request connection accept if { src 127.0.0.1 }
    tcp-request connection track-sc0 src
    tcp-request connection reject if { sc0_conn_rate gt 1 }
""" if rate_rule else ""
    (folder / "haproxy.cfg").write_text(f"""global
    nbthread 1
    maxconn 7000
    maxpipes 200
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    {'option splice-response' if splice else ''}
listen relay
    bind {RELAY} backlog 4096
{rule}    server backend {BACKEND}
""")
    return [tool("haproxy", "haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


def nginx(folder):
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    if not os.path.exists(module):
        raise Unavailable("nginx's stream module is missing (Debian package libnginx-mod-stream)")
    (folder / "nginx.conf").write_text(f"""load_module {module};
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 19000; }}
stream {{
    access_log off;
    server {{
        listen {RELAY} backlog=4096;
        proxy_pass {BACKEND};
        proxy_timeout 1h;
    }}
}}
""")
    return [tool("nginx", "nginx-light"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def copy_in(program, folder):
    """The program in the run's own folder: the relay's user may not be able to reach where it was built."""
    to = folder / pathlib.Path(program).name
    if not to.exists():
        shutil.copy(program, to)
        to.chmod(0o755)
    return str(to)


def hand_over(folder):
    if namespace.drop_privileges():
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, 65534, 65534)


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
