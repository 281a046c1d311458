"""Which cells there are, and the backends and doors that they need."""

import asyncio
from pathlib import Path

from . import catalogue, channel, commands, editing, encryption, haproxy, intercepted, joining, limbo, mineflayer, minestom, moving, phases, pings, waiting
from .catalogue import DIRECT, Backend, Mode, backend_name, thresholds, usual_threshold
from .cells import Cell, Steps, check
from .doors import Direct, Drawbridge, FaultyRelay, drawbridge_binary
from .lab import Lab, favicon

FAULTS = ["flips a bit", "loses a segment", "hangs up"]


class Plan:
    def __init__(self, lab: Lab, folder: Path, short: bool, proxied: bool, stay: float, only: list[str],
                 modes: list[Mode]):
        self.lab = lab
        self.folder = folder
        self.short = short
        self.proxied = proxied
        self.stay = stay
        self.only = only
        self.forwarding = [mode for mode in modes if mode.forwards_bytes]
        self.intercepted = [mode for mode in modes if not mode.forwards_bytes]
        self.doors: list[Drawbridge] = []
        self.relays: list[FaultyRelay] = []
        self.others: list = []  # further programs that have `stop()`
        self.binary = drawbridge_binary() if proxied else None
        self.direct = Direct(DIRECT)
        # The ways to every backend by its host name, one a mode. Without Drawbridge all are the same: direct.
        self.forwarding_doors: list = []
        self.intercepted_doors: list = []

    @property
    def open_doors(self) -> list:
        return list(dict.fromkeys(self.forwarding_doors + self.intercepted_doors))

    @property
    def server_versions(self) -> dict[str, list[str]]:
        return catalogue.SHORT_SERVER_VERSIONS if self.short else catalogue.SERVER_VERSIONS

    def backend(self, kind: str, version: str, threshold=catalogue.USUAL) -> Backend:
        return self.lab.backends[backend_name(kind, version, threshold)]

    def door_of(self, mode: str):
        """The main door of a mode; the direct way when there is no Drawbridge."""
        return next((door for door in self.open_doors if door.mode.name == mode), self.open_doors[0])

    def backends(self) -> list[Backend]:
        wanted: dict[str, Backend] = {}
        for kind, versions in self.server_versions.items():
            for version in versions:
                usual = usual_threshold(version)
                all_of_it = [usual] if kind == "flying-squid" else {usual, *thresholds(version, self.short)}
                for threshold in all_of_it:
                    name = backend_name(kind, version, threshold)
                    wanted[name] = Backend(name, kind, version, f"{kind} {version} says hello",
                                           favicon((7 * len(wanted)) % 256), threshold=threshold)
        return [*wanted.values(), *encryption.backends(self), *intercepted.backends(self),
                *moving.backends(self)]

    async def door(self, name: str, mode: Mode, **settings) -> Drawbridge:
        """A Drawbridge that is not started yet, so that its server files can be written first."""
        if mode.authenticates:
            settings = {"auth.session_url": self.lab.session_server.has_joined, **settings}
        door = Drawbridge(self.binary, self.folder / name, mode, **settings)
        self.doors.append(door)
        return door

    async def prepare(self) -> list[Cell]:
        await self.lab.session_server.start()
        await asyncio.gather(self.lab.start_backends(self.backends()), self.lab.start_clients(), minestom.start(self))
        await self.open_main_doors()
        cells = [*self.join_cells(), *self.intercepted_cells(), *await self.harness_cells(), *await mineflayer.cells(self),
                 *encryption.cells(self), *intercepted.cells(self), *await limbo.cells(self), *await moving.cells(self), *await channel.cells(self), *await commands.cells(self), *await waiting.cells(self),
                 *phases.cells(self), *await minestom.cells(self),
                 *await pings.cells(self), *await haproxy.cells(self)]
        if self.proxied:
            cells += await editing.cells(self)
        for cell in cells:
            cell.deadline += self.stay
        if self.only:
            cells = [cell for cell in cells if any(text in cell.name for text in self.only)]
        return cells

    async def open_main_doors(self) -> None:
        if not self.proxied:
            self.forwarding_doors = self.intercepted_doors = [self.direct]
            return
        self.forwarding_doors = [await self.main_door(mode) for mode in self.forwarding]
        self.intercepted_doors = [await self.main_door(mode) for mode in self.intercepted]

    async def main_door(self, mode: Mode) -> Drawbridge:
        door = await self.door(mode.name, mode, **pings.DOOR_SETTINGS)
        pings.write_down_server(door)
        for backend in self.lab.backends.values():
            door.serve(backend)
        await door.start()
        return door

    def join_cells(self) -> list[Cell]:
        return [Cell("join", f"join {kind} {version} {door.mode.name}",
                     lambda step, door=door, backend=self.backend(kind, version): joining.join(
                         step, self.lab, door, backend, self.stay),
                     row=f"{kind} {version}", column=door.mode.name)
                for kind, versions in self.server_versions.items() for version in versions
                for door in self.forwarding_doors]

    def intercepted_cells(self) -> list[Cell]:
        cells = []
        for door in self.intercepted_doors:
            for threshold in catalogue.THRESHOLDS:
                for kind, versions in self.server_versions.items():
                    for version in versions:
                        if kind == "flying-squid" and threshold != usual_threshold(version):
                            continue
                        if kind == "minecraft-protocol" and threshold not in thresholds(version, self.short):
                            continue
                        compression = f"compression {threshold or 'off'}"
                        cells.append(Cell(
                            "intercepted", f"join {kind} {version} {door.mode.name} {compression}",
                            lambda step, door=door, backend=self.backend(kind, version, threshold): joining.join(
                                step, self.lab, door, backend, self.stay),
                            row=f"{kind} {version}", column=f"{door.mode.name}, {compression}"))
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
