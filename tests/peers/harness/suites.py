"""Which cells there are, and the backends and doors that they need."""

import asyncio
from pathlib import Path

from . import catalogue, editing, encryption, haproxy, joining, mineflayer, pings
from .catalogue import DIRECT, MODES, Backend, backend_name
from .cells import Cell, Steps, check
from .doors import Direct, Drawbridge, FaultyRelay, drawbridge_binary
from .lab import Lab, favicon

FAULTS = ["flips a bit", "loses a segment", "hangs up"]


class Plan:
    def __init__(self, lab: Lab, folder: Path, short: bool, proxied: bool, stay: float, only: list[str]):
        self.lab = lab
        self.folder = folder
        self.short = short
        self.proxied = proxied
        self.stay = stay
        self.only = only
        self.doors: list[Drawbridge] = []
        self.relays: list[FaultyRelay] = []
        self.others: list = []  # further programs that have `stop()`
        self.binary = drawbridge_binary() if proxied else None

    @property
    def server_versions(self) -> dict[str, list[str]]:
        return catalogue.SHORT_SERVER_VERSIONS if self.short else catalogue.SERVER_VERSIONS

    def backend(self, kind: str, version: str) -> Backend:
        return self.lab.backends[backend_name(kind, version)]

    async def start_backends(self) -> None:
        backends = []
        for kind, versions in self.server_versions.items():
            for version in versions:
                name = backend_name(kind, version)
                shade = (7 * len(backends)) % 256
                backends.append(Backend(name, kind, version, f"{kind} {version} says hello", favicon(shade)))
        await self.lab.start_backends(backends + await encryption.backends(self))

    async def door(self, name: str, mode: catalogue.Mode, **settings) -> Drawbridge:
        """A Drawbridge that is not started yet, so that its server files can be written first."""
        door = Drawbridge(self.binary, self.folder / name, mode, **settings)
        self.doors.append(door)
        return door

    async def prepare(self) -> list[Cell]:
        await asyncio.gather(self.start_backends(), self.lab.start_clients())
        cells = [*await self.join_cells(), *await self.harness_cells(), *await mineflayer.cells(self),
                 *await encryption.cells(self), *await pings.cells(self)]
        cells += await haproxy.cells(self)
        if self.proxied:
            cells += await editing.cells(self)
        if self.only:
            cells = [cell for cell in cells if any(text in cell.name for text in self.only)]
        return cells

    async def main_doors(self) -> list:
        """One door a mode that leads to every backend by its own host name."""
        if not self.proxied:
            return [Direct(DIRECT)]
        doors = []
        for mode in MODES:
            door = await self.door(mode.name, mode, **pings.DOOR_SETTINGS)
            pings.write_down_server(door)
            for backend in self.lab.backends.values():
                door.serve(backend)
            await door.start()
            doors.append(door)
        return doors

    async def join_cells(self) -> list[Cell]:
        cells = []
        self.open_doors = await self.main_doors()
        for kind, versions in self.server_versions.items():
            for version in versions:
                for door in self.open_doors:
                    backend = self.backend(kind, version)
                    cells.append(Cell("join", f"join {kind} {version} {door.mode.name}",
                                      lambda step, door=door, backend=backend: joining.join(
                                          step, self.lab, door, backend, self.stay),
                                      row=f"{kind} {version}", column=door.mode.name))
        return cells

    async def harness_cells(self) -> list[Cell]:
        """A relay that spoils something must be noticed. At 1.7.10 nothing but our comparison could notice."""
        cells = []
        for fault in FAULTS:
            relay = FaultyRelay(self.backend("minecraft-protocol", "1.7.10"), DIRECT, fault)
            await relay.start()
            self.relays.append(relay)
            cells.append(Cell("checks", f"checks notice a relay that {fault}",
                              lambda step, relay=relay: self.must_fail(relay), row=f"a relay that {fault} is noticed"))
        return cells

    async def must_fail(self, relay: FaultyRelay) -> None:
        step = Steps()
        try:
            await asyncio.wait_for(joining.join(step, self.lab, relay, relay.backend, 1), 30)
        except (AssertionError, TimeoutError):
            check(step.now in ("login", "chat", "stay", "compare"), f"it failed early, while doing '{step.now}'")
            return
        raise AssertionError("the join went through")

    async def end_doors(self) -> list[Cell]:
        """Each Drawbridge has to be alive still, and to end well when told to."""
        cells = []
        for door in self.doors:
            cell = Cell("end", f"drawbridge {door.folder.name} ends well", lambda step: None, row=door.folder.name)
            try:
                await door.stop()
            except AssertionError as error:
                cell.failure = str(error)
            cells.append(cell)
        return cells

    async def kill_doors(self) -> None:
        for relay in self.relays:
            relay.stop()
        await asyncio.gather(*(door.daemon.stop() for door in self.doors), *(other.stop() for other in self.others))
