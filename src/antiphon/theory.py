"""Names of pitches and drums, as musicians write them."""

PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
BLACK_KEYS = frozenset({1, 3, 6, 8, 10})  # pitch classes

FIRST_DRUM = 35
DRUM_NAMES = (  # General MIDI percussion, pitches 35 to 81
    "kick 2", "kick", "side stick", "snare", "clap", "snare 2", "low floor tom", "closed hi-hat", "high floor tom",
    "pedal hi-hat", "low tom", "open hi-hat", "low mid tom", "high mid tom", "crash", "high tom", "ride", "china",
    "ride bell", "tambourine", "splash", "cowbell", "crash 2", "vibraslap", "ride 2", "high bongo", "low bongo",
    "mute high conga", "open high conga", "low conga", "high timbale", "low timbale", "high agogo", "low agogo",
    "cabasa", "maracas", "short whistle", "long whistle", "short guiro", "long guiro", "claves", "high wood block",
    "low wood block", "mute cuica", "open cuica", "mute triangle", "open triangle",
)  # fmt: skip


def pitch_name(pitch: int) -> str:
    """``60`` → ``C4``: middle C is C4, as in scientific pitch notation."""
    return f"{PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"


def drum_name(pitch: int) -> str:
    """``38`` → ``snare``; ``drum 20`` for a pitch that General MIDI gives no drum."""
    index = pitch - FIRST_DRUM
    return DRUM_NAMES[index] if 0 <= index < len(DRUM_NAMES) else f"drum {pitch}"


def is_black_key(pitch: int) -> bool:
    """Whether a pitch is a black key of the piano."""
    return pitch % 12 in BLACK_KEYS
