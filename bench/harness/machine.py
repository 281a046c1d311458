"""What a run was made on, and whether the machine was quiet."""
import os
import platform
import re
import subprocess
import time


def first_line(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (result.stdout + result.stderr).strip().splitlines()
    return lines[0] if lines else ""


def version_in(text):
    found = re.search(r"\d+(\.\d+)+", text)
    return found.group(0) if found else "unknown"


def processor():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(root):
    commit = first_line(["git", "-C", str(root), "-c", f"safe.directory={root}", "rev-parse", "--short", "HEAD"])
    changed = first_line(["git", "-C", str(root), "-c", f"safe.directory={root}", "status", "--porcelain", "--", "src"])
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": commit + (" with changes" if changed else ""),
        "processor": processor(),
        "processors": os.cpu_count(),
        "kernel": platform.release(),
        "haproxy": version_in(first_line(["haproxy", "-v"])),
        "nginx": version_in(first_line(["nginx", "-v"])),
        "go": version_in(first_line(["go", "version"])),
    }


def busy_share(seconds=0.5):
    """Share of all processors that somebody uses, over a moment in which we use none."""
    def sample():
        with open("/proc/stat", encoding="ascii") as stat:
            fields = [int(word) for word in stat.readline().split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)
    busy, total = sample()
    time.sleep(seconds)
    busy_after, total_after = sample()
    return (busy_after - busy) / max(1, total_after - total)


def wait_for_quiet(limit, share=0.09):
    """Waits until the rest of the machine is quiet, at most `limit` seconds; says whether it is."""
    end = time.monotonic() + limit
    while True:
        if busy_share() <= share:
            return True
        if time.monotonic() >= end:
            return False
