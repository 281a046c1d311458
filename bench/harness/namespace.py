"""A network namespace of its own for a whole run.

The host's own network distorts what is measured: connection tracking costs every packet, and congestion control `bbr`
more than halves loopback throughput. Inside the namespace there is nothing but `lo`, without rules, with `reno`. It
also makes fixed ports safe.
"""
import os
import subprocess
import sys

INSIDE = "BENCH_INSIDE_NAMESPACE"  # not DRAWBRIDGE_*: that is the relay's own configuration

SYSCTLS = {
    "net/ipv4/tcp_congestion_control": "reno",
    # The accept suite uses up ports by thousands a second; those in TIME_WAIT are used again after a second.
    "net/ipv4/ip_local_port_range": "26000 65000",
    "net/ipv4/tcp_tw_reuse": "1",
    "net/core/somaxconn": "4096",
}


def enter():
    """Starts this program anew inside a namespace, unless it is there already."""
    if os.environ.get(INSIDE) == "1":
        set_up()
        return
    environment = dict(os.environ, **{INSIDE: "1"})
    # An ordinary user gets the namespace through a user namespace, in which everything runs as that user.
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    os.execvpe("unshare", unshare + [sys.executable, *sys.argv], environment)


def set_up():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in SYSCTLS.items():
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as setting:
            setting.write(value)


def drop_privileges():
    """Command prefix that makes a relay an ordinary user. In a user namespace it is one already."""
    with open("/proc/self/uid_map", encoding="ascii") as mapping:
        inside, outside, count = (int(word) for word in mapping.readline().split())
    if inside == 0 and outside == 0 and count > 1:
        return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
                "--bounding-set=-all", "--no-new-privs"]
    return []
