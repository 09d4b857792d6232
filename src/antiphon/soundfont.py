"""Sound banks: the presets of a SoundFont 2 file, and smaller banks cut from it.

Place in the path: between a bank on disk and the renderers of :mod:`antiphon.audio`. A bank is SF2 (samples as 16-bit
PCM) or SF3 (the same file with each sample as Ogg Vorbis, a tenth of the size). The wheel-only renderer reads SF2 only,
so what a piece needs is cut from the bank and unpacked.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from antiphon.errors import FileError

SMALL_BANK = Path(__file__).parent / "sounds" / "antiphon.sf3"
DRUM_BANK = 128  # the bank number of drum kits
COMPRESSED = 0x10  # in a sample's type: Ogg Vorbis, with start and end in bytes
PADDING = 46  # zero samples that must follow each sample in SF2
_INSTRUMENT, _SAMPLE = 41, 53  # the generators of a zone that name what it plays
_KEYS, _VELOCITIES = 43, 44  # the generators that say for which notes: lowest in the low byte, highest in the high one
_LINKED = (2, 4, 8)  # sample types that are one half of a stereo pair

_NAME = ("name", "S20")
_TABLES = {
    "phdr": np.dtype([_NAME, ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "S12")]),
    "pbag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    "pmod": np.dtype("V10"),
    "pgen": np.dtype([("operator", "<u2"), ("amount", "<u2")]),
    "inst": np.dtype([_NAME, ("bag", "<u2")]),
    "ibag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    "imod": np.dtype("V10"),
    "igen": np.dtype([("operator", "<u2"), ("amount", "<u2")]),
    "shdr": np.dtype(
        [_NAME, ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"), ("rate", "<u4"),
         ("key", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2")]
    ),
}  # fmt: skip

Preset = tuple[int, int]  # bank and program


@dataclass(frozen=True, eq=False)
class Bank:
    """A SoundFont in memory, its tables as written in the file (each ends with one record that closes it)."""

    path: Path
    info: bytes  # the INFO list, kept as it is
    samples: bytes  # the smpl chunk
    tables: dict[str, np.ndarray]

    @property
    def presets(self) -> dict[Preset, int]:
        """(bank, program) of each preset and its row in ``phdr``."""
        rows = self.tables["phdr"][:-1]
        return {(int(r["bank"]), int(r["program"])): i for i, r in reversed(list(enumerate(rows)))}

    @property
    def programs(self) -> list[int]:
        """The melodic programs, from bank 0."""
        return sorted(program for bank, program in self.presets if bank == 0)

    @property
    def kits(self) -> list[int]:
        """The programs of its drum kits, 0 the standard one."""
        return sorted(program for bank, program in self.presets if bank == DRUM_BANK)

    def voices(self, preset: Preset) -> int:
        """How many samples one note of a preset sounds at once, at most: 2 for stereo, more for layers."""
        tables = self.tables
        grid = np.zeros((128, 128), np.int16)  # key, velocity
        zones = _zones(tables["phdr"], tables["pbag"], tables["pgen"], self.presets[preset], _INSTRUMENT)
        for instrument, keys, velocities in zones:
            for _, inner_keys, inner in _zones(tables["inst"], tables["ibag"], tables["igen"], instrument, _SAMPLE):
                low, high = max(keys[0], inner_keys[0]), min(keys[1], inner_keys[1])
                soft, loud = max(velocities[0], inner[0]), min(velocities[1], inner[1])
                grid[low : high + 1, soft : loud + 1] += 1
        return int(grid.max())


@lru_cache(maxsize=2)
def open_bank(path: Path) -> Bank:
    """Read a SoundFont; raises FileError for a file that is missing, or no SF2 or SF3."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read the sound bank {path}: {error.strerror or error}") from error
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise FileError(f"cannot read {path}: it is no SoundFont; give a file of type .sf2 or .sf3")
    lists = {
        data[at : at + 4]: (at + 4, at + size) for kind, at, size in _chunks(data, 12, len(data)) if kind == b"LIST"
    }
    try:
        parts = {kind.decode("ascii"): data[at : at + size] for kind, at, size in _chunks(data, *lists[b"pdta"])}
        samples = next(data[at : at + size] for kind, at, size in _chunks(data, *lists[b"sdta"]) if kind == b"smpl")
        tables = {name: np.frombuffer(parts[name], dtype) for name, dtype in _TABLES.items()}
    except (KeyError, StopIteration, ValueError) as error:
        raise FileError(f"cannot read {path}: the SoundFont is damaged or cut short; fetch it again") from error
    if not _whole(tables, len(samples)):
        raise FileError(f"cannot read {path}: the SoundFont is damaged or cut short; fetch it again")
    bank = Bank(path, data[slice(*lists[b"INFO"])] if b"INFO" in lists else b"", samples, tables)
    if not bank.presets:
        raise FileError(f"cannot use {path}: the SoundFont holds no instrument; give another")
    return bank


def _whole(tables: dict[str, np.ndarray], size: int) -> bool:
    """Whether every table leads only to records that are there, in order, and to samples within ``size`` bytes."""
    if not all(len(tables[name]) for name in ("phdr", "pbag", "pgen", "inst", "ibag", "igen", "shdr")):
        return False
    for table, row, target in (("phdr", "bag", "pbag"), ("pbag", "gen", "pgen"), ("pbag", "mod", "pmod"),
                               ("inst", "bag", "ibag"), ("ibag", "gen", "igen"), ("ibag", "mod", "imod")):  # fmt: skip
        steps = tables[table][row].astype(int)
        if (np.diff(steps) < 0).any() or steps[-1] > max(len(tables[target]) - 1, 0):
            return False
    for table, kind, target in (("pgen", _INSTRUMENT, "inst"), ("igen", _SAMPLE, "shdr")):
        named = tables[table][:-1]
        if (named["amount"][named["operator"] == kind] >= len(tables[target]) - 1).any():
            return False
    heads = tables["shdr"][:-1]
    unit = np.where(heads["type"] & COMPRESSED, 1, 2)
    return bool((heads["start"] <= heads["end"]).all() and (heads["end"] * unit <= size).all())


def cut(bank: Bank, presets: Collection[Preset], *, unpack: bool) -> bytes:
    """A SoundFont of some presets of ``bank``: as SF2 with ``unpack``, otherwise with samples as they are."""
    old = bank.tables
    head, bag, gen, mod, instruments = _pick(
        old["phdr"], old["pbag"], old["pgen"], old["pmod"], sorted(bank.presets[p] for p in presets), _INSTRUMENT
    )
    ihead, ibag, igen, imod, samples = _pick(old["inst"], old["ibag"], old["igen"], old["imod"], instruments, _SAMPLE)
    links = [int(r["link"]) for r in old["shdr"][samples] if r["type"] & 0xF in _LINKED]
    samples += [s for s in dict.fromkeys(links) if s not in samples and s < len(old["shdr"]) - 1]
    shdr, sound = _pack(bank, samples, unpack)
    new = dict(zip(_TABLES, (head, bag, mod, gen, ihead, ibag, imod, igen, shdr), strict=True))
    pdta = b"".join(_chunk(name.encode(), table.tobytes()) for name, table in new.items())
    info = b"INFO" + (_with_version(bank.info) if unpack else bank.info)
    lists = (info, b"sdta" + _chunk(b"smpl", sound), b"pdta" + pdta)
    return _chunk(b"RIFF", b"sfbk" + b"".join(_chunk(b"LIST", body) for body in lists))


def _pick(
    heads: np.ndarray, bags: np.ndarray, gens: np.ndarray, mods: np.ndarray, rows: list[int], names: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """The records of some presets (or instruments), renumbered, and the instruments (or samples) they use, in order.

    ``names`` is the generator whose amount is a row of the next table.
    """
    zones = _ranges(heads["bag"], rows)
    generators, modulators = _ranges(bags["gen"], zones), _ranges(bags["mod"], zones)
    gen = gens[[*generators, len(gens) - 1]]
    mod = mods[[*modulators, len(mods) - 1]]
    bag = bags[[*zones, len(bags) - 1]]
    head = heads[[*rows, len(heads) - 1]]
    for table, field, counts in (
        (bag, "gen", np.diff(bags["gen"].astype(int))[zones]),
        (bag, "mod", np.diff(bags["mod"].astype(int))[zones]),
        (head, "bag", np.diff(heads["bag"].astype(int))[rows]),
    ):
        table[field] = np.concatenate([[0], np.cumsum(counts)])
    here = gen["operator"] == names
    here[-1] = False
    used = list(dict.fromkeys(gen["amount"][here].tolist()))
    gen["amount"][here] = [used.index(old) for old in gen["amount"][here].tolist()]
    return head, bag, gen, mod, used


def _zones(
    heads: np.ndarray, bags: np.ndarray, gens: np.ndarray, row: int, names: int
) -> Iterator[tuple[int, tuple[int, int], tuple[int, int]]]:
    """What each zone of a preset (or instrument) plays, for which keys and velocities; one of nothing is a default."""
    default: dict[int, int] = {_KEYS: 127 << 8, _VELOCITIES: 127 << 8}
    for zone in range(int(heads["bag"][row]), int(heads["bag"][row + 1])):
        generators = dict(gens[int(bags["gen"][zone]) : int(bags["gen"][zone + 1])].tolist())
        if names not in generators:
            default |= generators
            continue
        own = default | generators
        keys, velocities = ((own[kind] & 0xFF, own[kind] >> 8) for kind in (_KEYS, _VELOCITIES))
        yield generators[names], keys, velocities


def _ranges(starts: np.ndarray, rows: list[int]) -> list[int]:
    """The rows of the next table that belong to ``rows`` of a table whose ``starts`` say where each begins."""
    return [i for row in rows for i in range(int(starts[row]), int(starts[row + 1]))]


def _pack(bank: Bank, rows: list[int], unpack: bool) -> tuple[np.ndarray, bytes]:
    """Headers and sound of some samples, renumbered and moved together."""
    old = bank.tables["shdr"]
    new = old[[*rows, len(old) - 1]]
    sound = bytearray()
    for i, row in enumerate(rows):
        packed = bool(old[row]["type"] & COMPRESSED)
        data = _sample(bank.samples, old[row], unpack)
        # Positions are bytes where samples are packed, frames where not; a packed sample's loop counts from its start.
        unit = 1 if packed and not unpack else 2
        base = len(sound) // unit
        if unit == 2:
            shift = base - (0 if packed else int(old[row]["start"]))
            new[i]["loop_start"], new[i]["loop_end"] = (int(old[row][k]) + shift for k in ("loop_start", "loop_end"))
            new[i]["type"] = int(old[row]["type"]) & ~COMPRESSED
        new[i]["start"], new[i]["end"] = base, base + len(data) // unit
        new[i]["link"] = rows.index(old[row]["link"]) if old[row]["link"] in rows else 0
        sound += data + (b"\0" * 2 * PADDING if unit == 2 else b"")
    return new, bytes(sound)


def _sample(samples: bytes, head: np.void, unpack: bool) -> bytes:
    """One sample's bytes, unpacked to 16-bit PCM where asked."""
    start, end = int(head["start"]), int(head["end"])
    if not head["type"] & COMPRESSED:
        return samples[2 * start : 2 * end]
    if not unpack:
        return samples[start:end]
    import soundfile

    # As float and clipped: read as int16, a peak of the Vorbis decoder above full scale would wrap round.
    try:
        wave, _ = soundfile.read(io.BytesIO(samples[start:end]), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise FileError(f"a sample of the sound bank is damaged ({error}); fetch the bank again") from error
    return (np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()


def _with_version(info: bytes) -> bytes:
    """An INFO list that says SF2 version 2.1, where SF3 says 3."""
    chunks = [(kind, info[at : at + size]) for kind, at, size in _chunks(info, 0, len(info))]
    return b"".join(_chunk(kind, struct.pack("<HH", 2, 1) if kind == b"ifil" else body) for kind, body in chunks)


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The RIFF chunks between two offsets: kind, where its content begins, and its size."""
    while at + 8 <= end:
        (size,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], at + 8, size
        at += 8 + size + (size & 1)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)
