"""Mineflayer bots in flying-squid's and Minestom's worlds: unlike the plain clients they understand what they receive."""

from .catalogue import Backend
from .cells import Cell, Steps, check

VERSIONS = ["1.8.8", "1.16.5", "1.20.4", "1.21.4"]
SHORT = ["1.20.4"]
WALK = 3  # blocks


async def play(step: Steps, plan, door, backend: Backend, domain: str | None = None) -> None:
    account = plan.lab.new_account() if door.mode.authenticates else None
    with step("play"):
        report = await plan.bots.ask("play", 100, version=backend.library_version, domain=domain or backend.domain,
                                     host=door.host, port=door.port_for(backend), account=account, walk=WALK,
                                     username=account["name"] if account else plan.lab.new_name())
        check(report["ground"] not in (None, "air"), f"the bot stands on {report['ground']}")
        check(report["columns"] >= 9, f"only {report['columns']} chunks were loaded")
        check(report["walked"] >= WALK, f"the bot walked {report['walked']} blocks only")


async def cells(plan) -> list[Cell]:
    plan.bots = await plan.lab.launch("bot.js", "bots")
    versions = [version for version in (SHORT if plan.short else VERSIONS)
                if version in plan.server_versions["flying-squid"]]
    return [Cell("mineflayer", f"mineflayer {version} {door.mode.name}",
                 lambda step, d=door, b=plan.backend("flying-squid", version): play(step, plan, d, b),
                 row=f"mineflayer {version}", column=door.mode.name)
            for version in versions for door in plan.open_doors]
