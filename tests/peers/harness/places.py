"""Where things are, and the one-time installation of the pinned programs."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent
ROOT = PEERS.parent.parent
INSTALLED = ROOT / "build" / "peers"
NODE_MODULES = INSTALLED / "node_modules"
VENV_PYTHON = INSTALLED / "venv" / "bin" / "python"
PINS = ("package.json", "package-lock.json", "requirements.txt")


class Unusable(Exception):
    """The run cannot even begin: a tool is missing or an installation failed."""


def tool(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise Unusable(f"{name} is not installed; scripts/setup installs what the tests need")
    return path


def run_or_refuse(what: str, command: list[str]) -> str:
    done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unusable(f"{what} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def check_tools() -> None:
    node = tool("node")
    release = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(release.strip().lstrip("v").split(".")[0]) < 18:
        raise Unusable(f"node is {release.strip()}; 18 or newer is needed")
    tool("npm")
    tool("mvn")
    tool("haproxy")


def install() -> None:
    """Puts the pinned Node and Python packages into build/peers, unless just these are there already."""
    stamp = hashlib.sha256(b"\0".join((PEERS / pin).read_bytes() for pin in PINS)).hexdigest()
    marker = INSTALLED / "installed"
    if marker.exists() and marker.read_text() == stamp:
        return
    print("peers: installing the pinned Minecraft programs into build/peers (once) ...", flush=True)
    marker.unlink(missing_ok=True)
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for pin in (*PINS, ".npmrc"):
        shutil.copy(PEERS / pin, INSTALLED / pin)
    # None of the packages needs its install scripts, so none gets to run any.
    run_or_refuse("npm ci", [tool("npm"), "ci", "--ignore-scripts", "--loglevel=error"])
    run_or_refuse("python3 -m venv", [sys.executable, "-m", "venv", "--clear", "venv"])
    run_or_refuse("pip install", [str(VENV_PYTHON), "-m", "pip", "install", "--quiet",
                                  "--disable-pip-version-check", "-r", "requirements.txt"])
    marker.write_text(stamp)
