"""MusPy's side of measures.py, run by an interpreter that has MusPy: notes in by stdin, seconds a piece out.

stdin is JSON: resolution (ticks a quarter note) and pieces, each a list of [onset, duration, pitch, velocity] in ticks.
Building MusPy's objects is not timed; stdout is JSON: version, and the seconds of each measure for all pieces.
"""

import importlib.metadata
import json
import sys
import time

import muspy

MEASURES = {
    "pitch_range": muspy.pitch_range,
    "pitches_used": muspy.n_pitches_used,
    "pitch_classes_used": muspy.n_pitch_classes_used,
    "pitch_entropy": muspy.pitch_entropy,
    "pitch_class_entropy": muspy.pitch_class_entropy,
    "scale_consistency": muspy.scale_consistency,
    "polyphony": muspy.polyphony,
    "polyphony_rate": muspy.polyphony_rate,
    "empty_beat_rate": muspy.empty_beat_rate,
    "groove_consistency": lambda music: muspy.groove_consistency(music, 4 * music.resolution),
}


def main() -> None:
    """Time each measure over all pieces."""
    given = json.load(sys.stdin)
    pieces = [
        muspy.Music(
            resolution=given["resolution"],
            tracks=[muspy.Track(notes=[muspy.Note(o, p, d, v) for o, d, p, v in notes])],
        )
        for notes in given["pieces"]
    ]
    seconds = {}
    for name, function in MEASURES.items():
        began = time.process_time()
        for piece in pieces:
            function(piece)
        seconds[name] = time.process_time() - began
    json.dump({"version": importlib.metadata.version("muspy"), "seconds": seconds}, sys.stdout)


if __name__ == "__main__":
    main()
