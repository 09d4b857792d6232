"""``antiphon play``: play with a model, in time."""

import argparse
import contextlib
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antiphon import DEFAULT_MODEL
from antiphon.cli.output import emit, say

if TYPE_CHECKING:
    from antiphon.live.controls import Desk
    from antiphon.live.keyboard import KeyboardOptions
    from antiphon.live.player import Player
    from antiphon.live.rig import Rig, RigOptions
    from antiphon.live.sound import SoundOptions

SWITCHED = {"on": True, "off": False}
GONE_S = 5.0  # for which a screen may outlive its terminal
EXAMPLE = "antiphon play --mode duet --set key='D minor' --model-instrument vibraphone"


def configure(parser: argparse.ArgumentParser) -> None:
    _configure_music(parser.add_argument_group("what is played"))
    _configure_connections(parser.add_argument_group("sound and connections"))
    _configure_keyboard(parser.add_argument_group("the computer's keyboard"))
    _configure_files(parser.add_argument_group("files"))


def _configure_music(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--model", metavar="M", help=f"a model's name or folder (default: {DEFAULT_MODEL})")
    group.add_argument("--mode", metavar="MODE", help="answer (default), continue, duet, harmonise, trade or follow")
    group.add_argument(
        "--set", dest="sets", action="append", default=[], metavar="NAME=VALUE",
        help="any control or setting (docs/playing.md lists them); may be repeated",
    )  # fmt: skip
    group.add_argument("--instrument", metavar="NAME", help="yours: a General MIDI name or number (default: piano)")
    group.add_argument("--model-instrument", metavar="NAME", help="the model's (default: yours)")
    group.add_argument("--prompt", type=Path, metavar="FILE", help="music the model has heard before you begin")
    group.add_argument("--demo", type=Path, metavar="FILE", help="plays this file in as if it were you")
    group.add_argument("--seconds", type=float, metavar="S", help="stop after so long")
    group.add_argument("--seed", type=int, metavar="S", help="of the model's dice (default: a new one)")


def _configure_connections(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--audio", default="", metavar="NAME", help="sound device (antiphon ports lists them)")
    group.add_argument("--latency", type=float, default=15.0, metavar="MS", help="of the sound device (default 15)")
    group.add_argument("--no-sound", action="store_true", help="play in silence: MIDI, OSC and files only")
    group.add_argument("--local", action="store_true", help="your instrument sounds by itself: sound only the model")
    group.add_argument("--soundfont", type=Path, metavar="FILE", help="a sound bank, .sf2 or .sf3")
    group.add_argument("--engine", default="auto", metavar="NAME", help="auto, fluidsynth or midirenderer")
    group.add_argument("--midi-in", metavar="NAME", help="part of a port's name, virtual, tcp:PORT or tcp:HOST:PORT")
    group.add_argument("--no-midi-in", action="store_true", help="do not look for a MIDI keyboard")
    group.add_argument("--midi-out", default="", metavar="NAME", help="likewise, for what the model plays")
    group.add_argument("--osc", default="", metavar="[HOST:]PORT", help="listen for OSC")
    group.add_argument("--osc-to", default="", metavar="HOST:PORT", help="tell every note by OSC")
    group.add_argument("--no-ui", action="store_true", help="print lines instead of drawing a screen")


def _configure_keyboard(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--layout", default="qwerty", metavar="NAME", help="qwerty (default), qwertz or azerty")
    group.add_argument("--octave", type=int, default=4, metavar="N", help="of the lower row's C (default 4)")
    group.add_argument("--velocity", type=int, default=80, metavar="V", help="of its notes, 1 to 127 (default 80)")
    group.add_argument("--upper", type=int, default=0, metavar="V", help="what the upper row adds to the velocity")
    group.add_argument(
        "--lasting", default="next", metavar="HOW",
        help="notes of terminals that tell no key-up last to the next key (next, default) or a fixed time (fixed)",
    )  # fmt: skip


def _configure_files(group: "argparse._ArgumentGroup") -> None:
    group.add_argument("--save", type=Path, metavar="FILE.mid", help="the take (default: named after the time)")
    group.add_argument("--resume", type=Path, metavar="TAKE.mid", help="go on where a take ended, and add to it")
    group.add_argument("--record", type=Path, metavar="FILE", help="render what was played, as .wav .flac .ogg .mp3")
    group.add_argument("--report", type=Path, metavar="LEDGER.json", help="show a session's measurements; play nothing")


def run(args: argparse.Namespace) -> None:
    if args.report:
        from antiphon.live.report import report
        from antiphon.live.take import read_ledger

        ledger = read_ledger(args.report)
        emit(args, ledger, report(ledger))
        return
    _check(args)
    _keyboard(args)
    from antiphon.live.rig import Rig

    rig, left = Rig(_options(args)), threading.Event()
    rig.start()
    try:
        _let_end(rig.player, args.seconds, lambda: _outlast(rig, args, left))
        interrupted = _screen(rig, args) if _has_screen(args) else _lines(rig)
    finally:
        left.set()
        rig.close()
    result = _result(rig, args)
    emit(args, result, _text(result))
    if interrupted:
        raise KeyboardInterrupt


def _let_end(player: "Player", seconds: float | None, hung_up: Callable[[], None]) -> None:
    """End the music after so long, or when the system asks: a terminal that closes must not cost the take."""
    if seconds is not None:
        timer = threading.Timer(seconds, player.stop)
        timer.daemon = True
        timer.start()

    def end(number: int, frame: object) -> None:
        player.stop()
        if number != signal.SIGTERM:
            threading.Thread(target=hung_up, name="antiphon hung up", daemon=True).start()

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and threading.current_thread() is threading.main_thread():
            signal.signal(getattr(signal, name), end)


def _outlast(rig: "Rig", args: argparse.Namespace, left: threading.Event) -> None:
    """A screen whose terminal is gone may never end: once all is saved, the process ends without it."""
    with contextlib.suppress(Exception):  # told by who waits for the rig, if anybody still does
        rig.wait()
    if left.wait(GONE_S):
        return
    try:
        _result(rig, args)
    finally:
        os._exit(128 + signal.SIGHUP)


def _check(args: argparse.Namespace) -> None:
    """What would only fail at the end, now."""
    from antiphon.audio import ENDINGS
    from antiphon.errors import OptionError, unknown
    from antiphon.files.paths import check_writable

    for path in filter(None, (args.save, args.record)):
        check_writable(path)
    for path in filter(None, (args.save, args.resume)):
        if path.suffix.lower() not in (".mid", ".midi"):
            raise OptionError(f"{path}: a take is a .mid file, with its ledger beside it as .json")
    if args.record and args.record.suffix.lower() not in ENDINGS:
        raise OptionError(unknown("ending of a sound file", args.record.suffix, ENDINGS))
    if args.seconds is not None and not args.seconds > 0:
        raise OptionError(f"--seconds {args.seconds:g} is out of range: above 0")
    if args.resume and args.prompt:
        raise OptionError("--resume is a prompt already: leave out --prompt")


def _options(args: argparse.Namespace) -> "RigOptions":
    from datetime import datetime

    import platformdirs

    from antiphon.files import read_music
    from antiphon.live.rig import RigOptions
    from antiphon.live.sinks import LineSink
    from antiphon.live.take import default_path

    host, _, port = args.osc.rpartition(":")
    prompt, resumed, demo = (
        None if path is None else read_music(path) for path in (args.prompt, args.resume, args.demo)
    )
    lines = () if _has_screen(args) else (LineSink(say if args.json else _print, time.monotonic()),)
    return RigOptions(
        desk=_desk(args),
        take=args.save or args.resume or default_path(datetime.now()),
        seed=secrets.randbits(32) if args.seed is None else args.seed,
        sound=None if args.no_sound else _sound(args),
        local=args.local,
        midi_in=None if args.no_midi_in or (args.demo and not args.midi_in) else args.midi_in or "",
        midi_out=args.midi_out,
        osc_port=_port(port) if args.osc else 0,
        osc_host=host or "127.0.0.1",
        osc_to=args.osc_to,
        controllers=platformdirs.user_config_path("antiphon") / "controllers.json",
        prompt=prompt if resumed is None else resumed,
        resumed=resumed,
        demo=demo,
        sinks=lines,
    )


def _desk(args: argparse.Namespace) -> "Desk":
    """All controls as the options say; the model plays the player's instrument unless told otherwise."""
    from antiphon.engine.bundle import playing
    from antiphon.instruments import program
    from antiphon.live.controls import Desk, Shell
    from antiphon.live.settings import LiveSettings

    desk = Desk(LiveSettings(), Shell(model=args.model or DEFAULT_MODEL), tuple(playing()))
    own = args.instrument or "0"
    desk = desk.set("instrument", own).set("model-instrument", args.model_instrument or own)
    if args.mode:
        desk = desk.set("mode", args.mode)
    for text in args.sets:
        desk = _set(desk, text)
    programs = (program(desk.shell.instrument), program(desk.shell.model_instrument))
    return desk.with_settings(played_program=programs[0], program=programs[1])


def _set(desk: "Desk", text: str) -> "Desk":
    """One ``--set NAME=VALUE``: a control, or a field of LiveSettings that is none."""
    from antiphon.errors import OptionError, unknown
    from antiphon.live.controls import CONTROLS
    from antiphon.live.settings import LiveSettings, field_of

    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"--set {text!r} has no value: write NAME=VALUE, such as temperature=0.9")
    name = field_of(name, value)
    if name in CONTROLS:
        return desk.set(name, value)
    fields = LiveSettings.__dataclass_fields__
    if name not in fields:
        raise OptionError(unknown("setting", name, [*CONTROLS, *fields]))
    kind: Any = type(fields[name].default)
    if kind is bool and value not in SWITCHED:
        raise OptionError(f"{name} {value!r} is neither on nor off")
    try:
        return desk.with_settings(**{name: SWITCHED[value] if kind is bool else kind(value)})
    except ValueError as error:
        raise OptionError(f"{name} {value!r} is no number") from error


def _sound(args: argparse.Namespace) -> "SoundOptions":
    from antiphon.live.latencies import default_path
    from antiphon.live.sound import SoundOptions

    own = args.instrument or "0"
    return SoundOptions(
        device=args.audio,
        latency_ms=args.latency,
        instrument=own,
        model_instrument=args.model_instrument or own,
        soundfont=args.soundfont,
        engine=args.engine,
        calibration=default_path(),
    )


def _port(text: str) -> int:
    from antiphon.errors import OptionError

    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise OptionError(f"{text!r} is no port for OSC: a number from 1 to 65535, or HOST:PORT")
    return int(text)


def _has_screen(args: argparse.Namespace) -> bool:
    return not args.no_ui and not args.json and sys.stdin.isatty() and sys.stdout.isatty()


def _print(line: str) -> None:
    print(line, flush=True)


def _lines(rig: "Rig") -> bool:
    """Without a screen, until it ends; whether Ctrl-C did it."""
    say("playing; Ctrl-C ends it")
    said, ended = "", False
    try:
        while not ended:
            ended = rig.wait(0.1)
            message = rig.player.view.message
            if message != said:
                said = message
                say(message)
    except KeyboardInterrupt:
        return True
    return False


def _keyboard(args: argparse.Namespace) -> "KeyboardOptions":
    from antiphon.live.keyboard import KeyboardOptions

    return KeyboardOptions(
        layout=args.layout, octave=args.octave, velocity=args.velocity, upper=args.upper, lasting=args.lasting
    )


def _screen(rig: "Rig", args: argparse.Namespace) -> bool:
    """The terminal player, until it is left; whether Ctrl-C did it."""
    from antiphon.errors import AntiphonError, missing_extra

    try:
        from antiphon.live.screen import TerminalPlayer
    except ModuleNotFoundError as error:
        raise missing_extra(str(error.name), "live", "the screen (--no-ui does without)") from error
    from antiphon.live.keyboard import Keyboard
    from antiphon.live.meters import Meters
    from antiphon.live.quiet import aside
    from antiphon.live.terminal import driver_class

    screen = TerminalPlayer(rig.player, Keyboard(_keyboard(args)), Meters(rig.card), driver_class())
    with aside():
        screen.run()
        if screen.return_code:
            raise AntiphonError("the screen failed, as said above; what was played is saved; --no-ui plays without it")
    rig.wait(0)
    return screen.interrupted


def _result(rig: "Rig", args: argparse.Namespace) -> dict[str, Any]:
    """What was saved and how it went; renders the recording."""
    from antiphon.audio import render_file
    from antiphon.live.take import ledger_path

    ledger, takes = rig.ledger(), rig.takes.saved
    result = {
        "takes": [str(path) for path in takes],
        "ledgers": [str(ledger_path(path)) for path in takes],
        "recording": None,
        "model": rig.player.desk.shell.model,
        "counters": ledger["counters"],
        "output": ledger["output"],
    }
    if args.record and len(rig.whole):
        render_file(rig.whole.score(rig.programs), args.record, soundfont=args.soundfont, engine=args.engine)
        result["recording"] = str(args.record)
    return result


def _text(result: dict[str, Any]) -> str:
    counters = result["counters"]
    lines = [f"you played {counters['heard']} notes, {result['model']} {counters['sounded']}"]
    lines += [f"saved {path}" for path in result["takes"]]
    lines += [f"saved {result['recording']}"] if result["recording"] else []
    return "\n".join(lines)
