"""What is tested: game versions, modes, and which server program goes how far. Data only."""

from dataclasses import dataclass, field

# minecraft-protocol calls its 1.7.10 schema "1.7".
VERSIONS = ["1.7.10", "1.8.8", "1.12.2", "1.16.5", "1.19.4", "1.20.1", "1.20.4", "1.21.4", "1.21.11", "26.1"]
SHORT_VERSIONS = ["1.7.10", "1.8.8", "1.12.2", "1.20.4", "26.1"]
LIBRARY_NAME = {"1.7.10": "1.7"}

SERVER_VERSIONS = {
    "minecraft-protocol": VERSIONS,
    "flying-squid": ["1.8.8", "1.12.2", "1.16.5", "1.19.4", "1.20.1", "1.20.4", "1.21.4"],
}
SHORT_SERVER_VERSIONS = {
    "minecraft-protocol": SHORT_VERSIONS,
    "flying-squid": ["1.8.8", "1.20.4"],
}

# How a mode treats the bytes. A mode that forwards leaves every byte of both directions as it was.
@dataclass(frozen=True)
class Mode:
    name: str
    forwards_bytes: bool


MODES = [Mode("passthrough", True), Mode("zero_copy", True), Mode("server_only", True)]
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
                "online": self.online, "sessionServer": self.session_server}

    def expected_status(self) -> dict:
        return {"version": {"name": self.release, "protocol": self.protocol},
                "players": {"max": self.max_players, "sample": []},
                "description": {"text": self.motd}, "favicon": self.favicon, **self.extra}


def backend_name(kind: str, version: str) -> str:
    prefix = {"minecraft-protocol": "nmp", "flying-squid": "squid", "online": "online"}[kind]
    return f"{prefix}-{version.replace('.', '-')}"
