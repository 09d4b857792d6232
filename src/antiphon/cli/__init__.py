"""The command line: one short module a command, loaded only when it runs, so that ``--help`` stays instant."""

import sys


def entry() -> None:
    """The console script; it imports inside, so that Ctrl-C ends even the starting up without a traceback."""
    try:
        from antiphon.cli.main import main

        status = main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
