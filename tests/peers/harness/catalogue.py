"""What is tested: game versions, modes, and which server program goes how far. Data only."""

from dataclasses import dataclass, field

# minecraft-protocol calls its 1.7.10 schema "1.7".
VERSIONS = ["1.7.10", "1.8.8", "1.9.4", "1.10.2", "1.11.2", "1.12.2", "1.13.2", "1.14.4", "1.15.2", "1.16.5", "1.17.1",
            "1.18.2", "1.19.2", "1.19.4", "1.20.1", "1.20.2", "1.20.4", "1.20.6", "1.21.1", "1.21.4", "1.21.8", "1.21.11",
            "26.1"]
SHORT_VERSIONS = ["1.7.10", "1.8.8", "1.12.2", "1.16.5", "1.19.2", "1.20.4", "1.21.8", "26.1"]
LIBRARY_NAME = {"1.7.10": "1.7"}

SERVER_VERSIONS = {
    "minecraft-protocol": VERSIONS,
    "flying-squid": ["1.8.8", "1.12.2", "1.16.5", "1.19.4", "1.20.1", "1.20.4", "1.21.4"],
}
SHORT_SERVER_VERSIONS = {
    "minecraft-protocol": SHORT_VERSIONS,
    "flying-squid": ["1.8.8", "1.20.4"],
}

# Minestom speaks one protocol number a release.
MINESTOM = {"1.21.11": "2026.04.13-1.21.11", "26.1": "2026.07.01-26.1.2"}

# The size from which a server compresses; None: it never does. 1.7 has no compression.
THRESHOLDS = [None, 64, 256]
USUAL_THRESHOLD = 256
# With --short each version has one of them, and the newest all.
SHORT_THRESHOLDS = {"1.8.8": [64], "1.12.2": [256], "1.16.5": [None], "1.19.2": [64], "1.20.4": [256], "1.21.8": [None],
                    "26.1": [None, 64, 256]}

# Above every protocol number that is known here.
FUTURE_PROTOCOL = 1_000_000

CONFIGURATION_SINCE = "1.20.2"  # a phase that the server may go back to
TRANSFER_SINCE = "1.20.6"


def since(version: str, first: str) -> bool:
    return VERSIONS.index(version) >= VERSIONS.index(first)


def usual_threshold(version: str) -> int | None:
    return None if version == "1.7.10" else USUAL_THRESHOLD


def thresholds(version: str, short: bool) -> list[int | None]:
    if version == "1.7.10":
        return [None]
    return SHORT_THRESHOLDS[version] if short else THRESHOLDS


# How a mode treats the bytes. A mode that forwards leaves every byte of both directions as it was; the others read
# packets, and are between a client and a server that know different things of each other.
@dataclass(frozen=True)
class Mode:
    name: str
    forwards_bytes: bool
    authenticates: bool = False  # asks the session server who the client is


FORWARDING = [Mode("passthrough", True), Mode("zero_copy", True), Mode("server_only", True)]
INTERCEPTED = [Mode("client_only", False, authenticates=True), Mode("offline", False)]
MODES = FORWARDING + INTERCEPTED
DIRECT = Mode("direct", True)


@dataclass
class Backend:
    """A running Minecraft server, and what a status ping of it must say."""

    name: str
    kind: str
    version: str
    motd: str
    favicon: str
    max_players: int = 42
    online: bool = False
    session_server: str | None = None
    threshold: int | None = USUAL_THRESHOLD
    # Takes clients of another protocol number as if it were its own.
    any_protocol: bool = False
    # Parts of a status that are none of a proxy's business and must survive it.
    extra: dict = field(default_factory=lambda: {
        "enforcesSecureChat": False,
        "forgeData": {"mods": [{"modId": "drawbridge_test", "modmarker": "1.2.3"}], "truncated": False},
        "unheardOf": {"list": [1, 2.5, "three", None], "text": "h\u00e9 \u2603 \U0001f3f0"},
    })
    # Filled in when it runs:
    port: int = 0
    protocol: int = 0
    release: str = ""
    worker: object = None

    @property
    def library_version(self) -> str:
        return LIBRARY_NAME.get(self.version, self.version)

    @property
    def domain(self) -> str:
        return f"{self.name}.test"

    def spec(self) -> dict:
        return {"name": self.name, "kind": self.kind, "version": self.library_version, "motd": self.motd,
                "favicon": self.favicon, "maxPlayers": self.max_players, "extra": self.extra,
                "online": self.online, "sessionServer": self.session_server, "threshold": self.threshold,
                "anyProtocol": self.any_protocol}

    def expected_status(self) -> dict:
        return {"version": {"name": self.release, "protocol": self.protocol},
                "players": {"max": self.max_players, "sample": []},
                "description": {"text": self.motd}, "favicon": self.favicon, **self.extra}


USUAL = object()


def backend_name(kind: str, version: str, threshold=USUAL) -> str:
    prefix = {"minecraft-protocol": "nmp", "flying-squid": "squid", "online": "online", "future": "future"}[kind]
    suffix = "" if threshold in (USUAL, usual_threshold(version)) else f"-{threshold or 'off'}"
    return f"{prefix}-{version.replace('.', '-')}{suffix}"
