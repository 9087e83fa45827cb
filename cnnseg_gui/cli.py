"""`cnnseg`: the program without its window. The same project, the same engine's code.

Exit codes: 0 done, 1 failed with a line on stderr, 2 wrong usage. torch is loaded by the commands
that compute, and not before.
"""

from __future__ import annotations

import faulthandler
import os
import shlex
import sys
from collections.abc import Sequence

from cnnseg_gui import __version__
from cnnseg_gui.commands import (
    classify,
    doctor,
    evaluate,
    export,
    formats,
    import_,
    measure,
    models,
    new,
    promote,
    publish,
    revisions,
    segment,
    tag,
    train,
)
from cnnseg_gui.commands.arguments import Parser
from cnnseg_gui.core.errors import UserError

_COMMANDS = {
    "new": new,
    "train": train,
    "segment": segment,
    "classify": classify,
    "evaluate": evaluate,
    "export": export,
    "formats": formats,
    "import": import_,
    "measure": measure,
    "tag": tag,
    "publish": publish,
    "revisions": revisions,
    "promote": promote,
    "models": models,
    "doctor": doctor,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns the process's exit code.

    Raises:
        SystemExit: after `--help` and `--version` (0), and on wrong usage (2).
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["engine"]:
        from cnnseg_gui.engine import server

        server.main(arguments[1:])
    if argv is None and sys.stderr is not None:
        faulthandler.enable()  # a crash of a driver says where it was
    options = _parser().parse_args(arguments)
    options.command_line = shlex.join(["cnnseg", *arguments])
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"cnnseg: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("cnnseg: stopped", file=sys.stderr)
    except BrokenPipeError:  # `cnnseg models | head -1`: whoever read it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _parser() -> Parser:
    parser = Parser(
        prog="cnnseg",
        description="Image segmentation with U-Net, without the window (that is cnnseg-gui).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"CNNSeg {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in _COMMANDS.items():
        sub = commands.add_parser(
            name, help=command.HELP, description=f"{command.HELP}.", allow_abbrev=False
        )
        command.configure(sub)
        sub.add_argument("--json", action="store_true", help="the outcome as JSON on stdout")
        sub.set_defaults(run=command.run, usage_error=sub.error)
    commands.add_parser(
        "engine", help="compute for a window that speaks on stdin and stdout", add_help=False
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
