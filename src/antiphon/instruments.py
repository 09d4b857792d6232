"""The 128 instruments of General MIDI by name, and which to take where a sound bank lacks one.

Place in the path: beside the files; what a person types (``violin``, ``40``, ``drums``) becomes a program of the Score.
"""

from collections.abc import Collection
from difflib import get_close_matches

from antiphon.errors import OptionError, unknown
from antiphon.notes import DRUMS

# In families of eight, program 0 first. Numbers are those of the MIDI message, one less than in printed GM lists.
NAMES = (
    "Acoustic Grand Piano", "Bright Acoustic Piano", "Electric Grand Piano", "Honky-tonk Piano",
    "Electric Piano 1", "Electric Piano 2", "Harpsichord", "Clavinet",
    "Celesta", "Glockenspiel", "Music Box", "Vibraphone", "Marimba", "Xylophone", "Tubular Bells", "Dulcimer",
    "Drawbar Organ", "Percussive Organ", "Rock Organ", "Church Organ",
    "Reed Organ", "Accordion", "Harmonica", "Tango Accordion",
    "Acoustic Guitar (nylon)", "Acoustic Guitar (steel)", "Electric Guitar (jazz)", "Electric Guitar (clean)",
    "Electric Guitar (muted)", "Overdriven Guitar", "Distortion Guitar", "Guitar Harmonics",
    "Acoustic Bass", "Electric Bass (finger)", "Electric Bass (pick)", "Fretless Bass",
    "Slap Bass 1", "Slap Bass 2", "Synth Bass 1", "Synth Bass 2",
    "Violin", "Viola", "Cello", "Contrabass", "Tremolo Strings", "Pizzicato Strings", "Orchestral Harp", "Timpani",
    "String Ensemble 1", "String Ensemble 2", "Synth Strings 1", "Synth Strings 2",
    "Choir Aahs", "Voice Oohs", "Synth Voice", "Orchestra Hit",
    "Trumpet", "Trombone", "Tuba", "Muted Trumpet", "French Horn", "Brass Section", "Synth Brass 1", "Synth Brass 2",
    "Soprano Sax", "Alto Sax", "Tenor Sax", "Baritone Sax", "Oboe", "English Horn", "Bassoon", "Clarinet",
    "Piccolo", "Flute", "Recorder", "Pan Flute", "Blown Bottle", "Shakuhachi", "Whistle", "Ocarina",
    "Lead 1 (square)", "Lead 2 (sawtooth)", "Lead 3 (calliope)", "Lead 4 (chiff)",
    "Lead 5 (charang)", "Lead 6 (voice)", "Lead 7 (fifths)", "Lead 8 (bass + lead)",
    "Pad 1 (new age)", "Pad 2 (warm)", "Pad 3 (polysynth)", "Pad 4 (choir)",
    "Pad 5 (bowed)", "Pad 6 (metallic)", "Pad 7 (halo)", "Pad 8 (sweep)",
    "FX 1 (rain)", "FX 2 (soundtrack)", "FX 3 (crystal)", "FX 4 (atmosphere)",
    "FX 5 (brightness)", "FX 6 (goblins)", "FX 7 (echoes)", "FX 8 (sci-fi)",
    "Sitar", "Banjo", "Shamisen", "Koto", "Kalimba", "Bagpipe", "Fiddle", "Shanai",
    "Tinkle Bell", "Agogo", "Steel Drums", "Woodblock", "Taiko Drum", "Melodic Tom", "Synth Drum", "Reverse Cymbal",
    "Guitar Fret Noise", "Breath Noise", "Seashore", "Bird Tweet",
    "Telephone Ring", "Helicopter", "Applause", "Gunshot",
)  # fmt: skip
FAMILY = 8  # programs a family
FAMILIES = (
    "piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass",
    "reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussive", "sound effects",
)  # fmt: skip

# What sounds most like a program, best first, where its neighbours in the list would be a poor guess.
_LIKE: dict[int, tuple[int, ...]] = {
    1: (0,), 2: (0,), 3: (0,), 5: (4,), 7: (6,), 8: (9,), 10: (9,), 13: (12,), 15: (46, 25),
    17: (16,), 18: (16,), 19: (16,), 20: (21, 22, 16), 21: (22, 20, 16), 22: (21, 20, 16), 23: (21, 22, 16),
    26: (27, 24), 27: (26, 25), 28: (27, 25), 29: (30, 27, 25), 30: (29, 27, 25), 31: (27, 25),
    32: (33,), 34: (33,), 35: (33, 32), 36: (33,), 37: (33,), 39: (38,),
    41: (40,), 43: (42,), 44: (48,), 45: (46,), 47: (117, 116), 49: (48,), 50: (48,), 51: (50, 48),
    53: (52,), 54: (52,), 55: (61, 48),
    59: (56,), 60: (57,), 61: (57, 56), 62: (61, 81), 63: (62, 61, 81),
    64: (65, 71), 67: (66, 65), 69: (68,), 70: (68, 71), 72: (73,), 74: (73,), 75: (73,), 76: (73,), 77: (73,),
    82: (80,), 83: (80,), 84: (81,), 85: (52,), 86: (81,), 87: (81,), 90: (81, 89), 91: (52, 89),
    92: (89,), 93: (88,), 94: (89,), 95: (89,), 96: (88,), 97: (89,), 98: (9, 88), 99: (88,), 100: (88,),
    101: (89,), 102: (88,), 103: (88,),
    104: (25,), 105: (25, 24), 106: (105, 25, 24), 107: (46, 25), 108: (12,), 109: (68,), 110: (40,), 111: (68,),
    112: (9,), 113: (114, 12), 115: (12,), 116: (117, 47), 117: (116, 47), 118: (117, 47), 119: (88,),
    120: (27, 25), 121: (75, 73), 122: (89,), 123: (72, 73), 124: (9,), 125: (38,), 126: (89,), 127: (47,),
}  # fmt: skip


def program(name_or_number: str) -> int:
    """The program, 0 to 127, or DRUMS, that a person means by a name, part of one, or a number.

    Case, hyphens and brackets do not count, nor does the order of words; of several that fit, the first in General
    MIDI's order is meant (``organ`` is Drawbar Organ). Raises OptionError for what names no instrument.
    """
    text = name_or_number.strip()
    if text.isascii() and text.isdigit() and int(text) < len(NAMES):
        return int(text)
    words = _words(text)
    if words in ({"drums"}, {"drum", "kit"}, {"drum"}, {"percussion"}):
        return DRUMS
    fits = [number for number, known in enumerate(NAMES) if words <= _words(known)]
    if not fits or not any(c.isalpha() for c in text):
        raise OptionError(f"{_unknown(text, words)} A number from 0 to 127 does too.")
    return next((number for number in fits if words == _words(NAMES[number])), fits[0])


def family(name: str) -> tuple[int, ...]:
    """The programs of a family of General MIDI, ``piano`` or ``organ``; raises OptionError for what is none."""
    text = " ".join(name.split()).casefold()
    if text == "drums":
        return (DRUMS,)
    if text not in FAMILIES:
        raise OptionError(unknown("family of instruments", name, [*FAMILIES, "drums"]))
    first = FAMILIES.index(text) * FAMILY
    return tuple(range(first, first + FAMILY))


def _unknown(text: str, words: set[str]) -> str:
    """What to say of a name that fits none: the first instrument with the words that were probably meant."""
    known = sorted({word for each in NAMES for word in _words(each)})
    meant = {near for word in words for near in get_close_matches(word, known, n=1)}
    fits = [each for each in NAMES if meant and meant <= _words(each)]
    if not fits:
        return unknown("instrument", text, [*NAMES, "Drums"])
    return f"unknown instrument {text!r}; did you mean {fits[0]!r}?"


def name(number: int) -> str:
    """``40`` → ``Violin``; DRUMS → ``Drums``."""
    return "Drums" if number == DRUMS else NAMES[number]


def nearest(wanted: int, there: Collection[int]) -> int:
    """The program of ``there`` (not empty) that stands in best for ``wanted``: itself, its likes, its family, any."""
    for candidate in (wanted, *_LIKE.get(wanted, ())):
        if candidate in there:
            return candidate
    return min(there, key=lambda p: (p // FAMILY != wanted // FAMILY, abs(p - wanted)))


def _words(text: str) -> set[str]:
    """What counts of a name: its words in small letters, without signs."""
    return set("".join(c if c.isalnum() else " " for c in text.casefold()).split())
