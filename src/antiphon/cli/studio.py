"""``antiphon studio``: a page in the browser where music is made with the model."""

import argparse
from pathlib import Path

from antiphon import DEFAULT_MODEL
from antiphon.cli.output import emit, say

EXAMPLE = "antiphon studio --model piano --port 8765"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="M", help=f"a model's name or folder (default: {DEFAULT_MODEL})")
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default: this machine)")
    parser.add_argument("--port", type=int, default=8765, metavar="N", help="(default 8765; 0: any that is free)")
    parser.add_argument(
        "--token", default="", metavar="T", help="asked of everyone; needed where --host is not this machine alone"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    parser.add_argument(
        "--corpora", type=Path, default=Path("corpora"), metavar="FOLDER",
        help="corpora in it may be trained on (default: corpora)",
    )  # fmt: skip
    parser.add_argument(
        "--report", type=Path, default=Path("build/report"), metavar="FOLDER",
        help="a report of `antiphon compare` to show (default: build/report)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="processes for long work (default: one a processor)"
    )


def run(args: argparse.Namespace) -> None:
    from antiphon.errors import missing_extra

    try:
        from antiphon.studio.server import serve
    except ModuleNotFoundError as error:
        raise missing_extra(str(error.name), "studio", "the studio") from error
    from antiphon.studio.options import StudioOptions

    options = StudioOptions(
        host=args.host,
        port=args.port,
        token=args.token,
        model=args.model or DEFAULT_MODEL,
        corpora=args.corpora,
        report=args.report,
        workers=args.workers,
    )

    def ready(address: str) -> None:
        emit(args, {"address": address}, f"The studio is open: {address}")
        say(
            "Ctrl-C closes it." if not options.token else "Ctrl-C closes it. Others open the address with ?token=TOKEN."
        )
        if not args.no_browser:
            _open(f"{address}?token={options.token}" if options.token else address)

    serve(options, ready)


def _open(address: str) -> None:
    """Show the page, where there is a browser; in a thread, because some browsers keep the call waiting."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
