"""The command line, built from the descriptions in :mod:`gridtwin.commands`."""

from __future__ import annotations

import contextlib
import enum
import inspect
import json
import signal
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from gridtwin import __version__, json_lines
from gridtwin.commands import COMMANDS, Command, Outcome, Parameter
from gridtwin.errors import FaultsError, GridTwinError
from gridtwin.i18n import mark, tr
from gridtwin.progress import Progress, silent

PROGRESS_AFTER_S = 1.0

_JSON_HELP = mark("print one JSON object instead of a table")
_LINES_HELP = mark("print what happens as JSON, one object a line, for programs; the last one is that of --json")


class Style(enum.StrEnum):
    """How a run shows what it does."""

    TABLE = "table"
    JSON = "json"
    JSON_LINES = "json lines"


def _annotation(parameter: Parameter) -> Any:
    """Return the typer annotation of a parameter."""
    text = tr(parameter.help)
    if parameter.unit:
        text += f" [{parameter.unit}]"
    kinds: dict[str, Any] = {"integer": int, "number": float, "flag": bool}
    kind: Any = kinds.get(parameter.type, str)
    if parameter.positional:
        return Annotated[str, typer.Argument(help=text, metavar=parameter.name.upper(), show_default=False)]
    names = [name for name in (parameter.option, parameter.short) if name]
    options: dict[str, Any] = {"help": text, "show_default": parameter.default not in (None, "", False)}
    if parameter.type in ("integer", "number"):
        convert = int if parameter.type == "integer" else float
        options["min"] = None if parameter.minimum is None else convert(parameter.minimum)
        options["max"] = None if parameter.maximum is None else convert(parameter.maximum)
    if parameter.choices:
        make_enum: Any = enum.StrEnum  # mypy reads a direct call as a class statement
        kind = make_enum(parameter.name, {choice: choice for choice in parameter.choices})
    if parameter.type in ("path", "output", "folder"):
        options["metavar"] = "FOLDER" if parameter.type == "folder" else "FILE"
    if parameter.repeated:
        return Annotated[list[kind], typer.Option(*names, **options)]
    if parameter.type != "flag" and parameter.default is None and not parameter.required:
        kind = kind | None
    return Annotated[kind, typer.Option(*names, **options)]


def _signature(command: Command) -> inspect.Signature:
    """Return the signature from which typer makes the command's options."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    made = [inspect.Parameter("context", keyword, annotation=typer.Context)]
    for parameter in command.parameters:
        default = inspect.Parameter.empty if parameter.required else [] if parameter.repeated else parameter.default
        made.append(inspect.Parameter(parameter.name, keyword, default=default, annotation=_annotation(parameter)))
    made.append(
        inspect.Parameter(
            "as_json", keyword, default=False, annotation=Annotated[bool, typer.Option("--json", help=tr(_JSON_HELP))]
        )
    )
    return inspect.Signature(made)


def _callback(command: Command) -> Any:
    """Return the function that typer calls for ``command``."""

    def call(**options: Any) -> None:
        asked = Style.JSON if options.pop("as_json") else Style.TABLE
        lines = options.pop("context").obj
        raise typer.Exit(_run(command, options, Style.JSON_LINES if lines else asked))

    signature = _signature(command)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {name: made.annotation for name, made in signature.parameters.items()}
    call.__name__ = command.name
    examples = "\n\n".join(f"`{example}`" for example in command.examples)
    call.__doc__ = f"{tr(command.summary)}\n\n{examples}"
    return call


def _run(command: Command, options: dict[str, Any], style: Style) -> int:
    """Run a command, show what it did, and return the exit code."""
    if style is Style.JSON_LINES:
        json_lines.greet(sys.stdout)
    try:
        with _progress(style) as progress:
            outcome = command.runner()(options, progress)
    except GridTwinError as error:
        _show_error(command, error, style)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write(tr(mark("cancelled; nothing was written")) + "\n")
        return 130
    if style is Style.TABLE:
        _show(outcome)
        return outcome.exit_code
    if style is Style.JSON_LINES:
        json_lines.write_line(sys.stdout, json_lines.outcome_line(outcome))
    _print_document({"schema": f"gridtwin.{command.name}/1", **outcome.data}, style)
    return outcome.exit_code


def _print_document(document: dict[str, Any], style: Style) -> None:
    """Print the one object of ``--json``; as the last of several lines, it is one line."""
    if style is Style.JSON_LINES:
        json_lines.write_line(sys.stdout, document)
    else:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=1) + "\n")


@contextlib.contextmanager
def _progress(style: Style) -> Iterator[Progress]:
    """Yield the progress of a style."""
    if style is Style.TABLE:
        with _bar() as progress:
            yield progress
    else:
        yield json_lines.reporter(sys.stdout) if style is Style.JSON_LINES else silent


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    """Yield a progress that draws a bar on stderr once the work has taken longer than a second."""
    if not sys.stderr.isatty():
        yield _line_progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)
        start = time.monotonic()

        def report(fraction: float, text: str) -> None:
            late = time.monotonic() - start > PROGRESS_AFTER_S
            bar.update(task, completed=fraction, description=text, visible=late)

        yield report


def _line_progress() -> Progress:
    """Return a progress for a stderr that is no terminal: one line a step."""
    last = ""

    def report(fraction: float, text: str) -> None:
        nonlocal last
        if text != last:
            sys.stderr.write(f"[{fraction:4.0%}] {text}\n")
            last = text

    return report


def _show(outcome: Outcome) -> None:
    """Print the table, the files and the notes of an outcome."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if outcome.facts:
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for label, value in outcome.facts:
            table.add_row(Text(label), Text(value))
        console.print(table)
    for path, what in outcome.files:
        console.print(Text.assemble((str(path), "bold"), f"  {what}"), soft_wrap=True)
    for note in outcome.notes:
        console.print(Text(note), soft_wrap=True)


def _show_error(command: Command, error: GridTwinError, style: Style) -> None:
    """Say on stderr (or as JSON on stdout) what went wrong."""
    if style is Style.TABLE:
        sys.stderr.write(f"gridtwin {command.name}: {error.text()}\n")
        return
    body: dict[str, Any] = {
        "code": error.code,
        "message": error.text(),
        "params": {key: str(value) for key, value in error.params.items()},
    }
    if isinstance(error, FaultsError):
        body["faults"] = [fault.to_dict() for fault in error.faults]
        body["params"] = {}
    _print_document({"schema": "gridtwin.error/1", "command": command.name, "error": body}, style)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"gridtwin {__version__}\n")
        raise typer.Exit


def application() -> typer.Typer:
    """Return the command line application in the user's language."""
    app = typer.Typer(
        name="gridtwin",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        help=tr(mark("Management grids, service areas, supplies, evacuation and a digital twin of a city, offline.")),
    )

    @app.callback()
    def root(
        context: typer.Context,
        version: Annotated[
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help=tr(mark("print the version"))),
        ] = False,
        lines: Annotated[bool, typer.Option("--json-lines", help=tr(_LINES_HELP))] = False,
    ) -> None:
        context.obj = lines

    for command in COMMANDS:
        app.command(command.name, short_help=tr(command.title))(_callback(command))
    return app


def main() -> None:
    """Run the command line; texts that a console cannot show are escaped instead of failing.

    A request to terminate cancels as Ctrl-C does, so that what was begun is removed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    application()()
