"""Backends in online mode, with a session server of our own: a proxy that forwards must be invisible to them."""

from . import joining
from .catalogue import Backend, backend_name, usual_threshold
from .cells import Cell, Steps, check
from .lab import favicon

SHORT = ["1.8.8", "1.19.2", "1.20.4"]


def versions(plan) -> list[str]:
    return SHORT if plan.short else plan.server_versions["minecraft-protocol"]


def backends(plan) -> list[Backend]:
    return [Backend(backend_name("online", version), "minecraft-protocol", version, f"online {version}", favicon(200),
                    online=True, session_server=plan.lab.session_server.url,
                    threshold=usual_threshold(version)) for version in versions(plan)]


async def encrypted_join(step: Steps, plan, door, backend: Backend) -> None:
    await joining.join(step, plan.lab, door, backend, 5, account=plan.lab.new_account())


async def bad_token(step: Steps, plan, door, backend: Backend) -> None:
    with step("login"):
        account = plan.lab.new_account()
        refusal = await plan.lab.refused(door, backend, account={**account, "token": "0" * 32})
        check("Invalid token" in str(refusal["failure"]), f"the client says {refusal}")


async def no_account(step: Steps, plan, door, backend: Backend) -> None:
    """An encrypted kick has to come through: the client that has no account is told so by the backend."""
    with step("login"):
        refusal = await plan.lab.refused(door, backend)
        check("Failed to verify username!" in str(refusal["kick"]), f"the client was told {refusal}")


def cells(plan) -> list[Cell]:
    found = []
    for door in plan.forwarding_doors:
        for version in versions(plan):
            backend = plan.lab.backends[backend_name("online", version)]
            found.append(Cell("encryption", f"encrypted join {version} {door.mode.name}",
                              lambda step, d=door, b=backend: encrypted_join(step, plan, d, b),
                              row=f"join {version}", column=door.mode.name))
        backend = plan.lab.backends[backend_name("online", SHORT[-1])]
        for what, scenario in (("a bad token", bad_token), ("no account", no_account)):
            found.append(Cell("encryption", f"encrypted login with {what} {door.mode.name}",
                              lambda step, s=scenario, d=door, b=backend: s(step, plan, d, b),
                              row=f"login with {what} is refused", column=door.mode.name))
    return found
