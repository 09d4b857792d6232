"""Writes muspy.json: what MusPy says of the MIDI files in tests/data, to hold our measures to.

MusPy is no dependency of ours. Make an environment for it, and run this again if a measure or a file is added:

    python -m venv /tmp/muspy && /tmp/muspy/bin/pip install muspy filelock numpy
    PYTHONPATH=src /tmp/muspy/bin/python tests/data/golden/make_muspy.py

MusPy gets the notes that our reader found, so that measures are compared, not readers, in ticks of 1/1920 quarter; for
groove in cells of a 64th of a 4/4 bar, which is what our function rounds onsets to.
"""

import json
from importlib.metadata import version
from pathlib import Path

import muspy

from antiphon.files import read_music
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score

DATA = Path(__file__).parent.parent
CELL = 120  # ticks: 64 to a bar of 4/4


def music(score: Score, cell: int = 1) -> muspy.Music:
    """The notes of a score for MusPy, times in so many ticks."""
    tracks = {True: [], False: []}
    for note in score.notes:
        start, end = int(note["onset"]) // cell, (int(note["onset"]) + int(note["duration"])) // cell
        made = muspy.Note(start, int(note["pitch"]), end - start, int(note["velocity"]))
        tracks[note["program"] == DRUMS].append(made)
    named = [muspy.Track(is_drum=drums, notes=notes) for drums, notes in tracks.items() if notes]
    return muspy.Music(resolution=TICKS_PER_QUARTER // cell, tracks=named)


def measured(score: Score) -> dict[str, float]:
    """MusPy's measures under our names."""
    exact, cells = music(score), music(score, CELL)
    return {
        "pitch_range": muspy.pitch_range(exact),
        "pitches_used": muspy.n_pitches_used(exact),
        "pitch_classes_used": muspy.n_pitch_classes_used(exact),
        "pitch_entropy": float(muspy.pitch_entropy(exact)),
        "pitch_class_entropy": float(muspy.pitch_class_entropy(exact)),
        "scale_consistency": float(muspy.scale_consistency(exact)),
        "pitch_in_scale_rate(7, 'minor')": float(muspy.pitch_in_scale_rate(exact, 7, "minor")),
        "polyphony": float(muspy.polyphony(exact)),
        "polyphony_rate": float(muspy.polyphony_rate(exact)),
        "empty_beat_rate": float(muspy.empty_beat_rate(exact)),
        "groove_consistency": float(muspy.groove_consistency(cells, 64)),
    }


def main() -> None:
    """Measure every file, with and without the pedal's effect."""
    files = {}
    for path in sorted(DATA.glob("*.mid")):
        for pedal in (True, False):
            values = measured(read_music(path, pedal=pedal))
            files[f"{path.name} pedal={pedal}"] = {k: None if v != v else v for k, v in values.items()}
    made = {"by": f"muspy {version('muspy')}", "script": "tests/data/golden/make_muspy.py", "files": files}
    (Path(__file__).parent / "muspy.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
