"""Which knob, fader or pedal of a MIDI keyboard turns which control; what it does not know it can learn.

A controller is known by its number alone, whatever its channel. What was learned is kept in a file of the user's.
"""

from __future__ import annotations

import json
from pathlib import Path

from antiphon.errors import FileError, unknown
from antiphon.files.paths import written
from antiphon.live.controls import COMMANDS, CONTROLS, Desk
from antiphon.live.midi import Controller

STANDARD = {  # controller: control; docs/playing.md shows this table
    1: "temperature",  # modulation wheel
    7: "player-volume",  # channel volume
    71: "volume",  # where many keyboards have their first knobs: 71 to 74
    72: "place",
    73: "tempo",
    74: "density",
    66: "hand-over",  # sostenuto, the middle pedal
}
NAMES = (*CONTROLS, *COMMANDS)
PRESSED = 64  # from here up a pedal or button is down


class Mapping:
    """Controllers and what they turn; kept in ``path`` where one is given."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.table = STANDARD | (_read(path) if path and path.exists() else {})
        self.learning = ""  # the control that the next controller will turn
        self._last: dict[int, int] = {}

    def learn(self, name: str) -> None:
        """The next controller that moves turns this control from then on."""
        self.learning = name

    def moved(self, controller: Controller, desk: Desk) -> tuple[Desk, str]:
        """The desk after a controller moved, and the command it gives, if any: buttons do when they go down."""
        before, self._last[controller.number] = self._last.get(controller.number, 0), controller.value
        if self.learning:
            self._bind(controller.number)
            return desk, ""
        name = self.table.get(controller.number, "")
        if name in COMMANDS:
            return desk, name if before < PRESSED <= controller.value else ""
        return (desk.at(name, controller.value / 127), "") if name else (desk, "")

    def _bind(self, number: int) -> None:
        """One controller for each learned control."""
        self.table = {n: name for n, name in self.table.items() if name != self.learning} | {number: self.learning}
        self.learning = ""
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with written(self._path) as temporary:
                temporary.write_text(json.dumps({str(n): self.table[n] for n in sorted(self.table)}, indent=1) + "\n")


def _read(path: Path) -> dict[int, str]:
    """A kept table; raises FileError for one that makes no sense."""
    try:
        table = {int(number): str(name) for number, name in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise FileError(f"cannot read the controllers in {path}: {error}; mend the file, or remove it") from error
    for number, name in table.items():
        if name not in NAMES:
            raise FileError(f"{path}: controller {number}: {unknown('control', name, NAMES)}")
    return table
