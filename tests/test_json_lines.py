"""JSON lines: progress and result of a run for programs that watch it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyproj
import pytest

from gridtwin import __version__
from gridtwin.json_lines import PROTOCOL, reporter
from gridtwin.load.toy import CRS, toy_town
from gridtwin.region import Provenance, Region

SLOW_COMMAND = """
import sys, time
from pathlib import Path
import gridtwin.cli as cli
from gridtwin.region import replacing

def slow(options, progress):
    with replacing(Path(sys.argv[-1])) as temporary:
        temporary.write_text("half")
        progress(0.5, "half way")
        while True:
            time.sleep(0.01)

cli.Command.runner = lambda command: slow
cli.main()
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """Return the toy town as a region file."""
    return Region({}, pyproj.CRS(CRS), "Toy town").with_layers(toy_town(), Provenance("toy")).write(tmp_path / "t.gpkg")


def lines_of(*arguments: str, **env: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command line with ``--json-lines``; return the exit code and its lines."""
    done = subprocess.run(
        [sys.executable, "-m", "gridtwin", "--json-lines", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GRIDTWIN_LANG": "en", **env},
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_lines_come_in_order(town: Path) -> None:
    """The first line greets, progress never falls, what people read follows, and the object of --json is last."""
    code, lines = lines_of("divide", str(town), "--date", "2026-01-01")
    assert code == 0
    assert lines[0] == {"gridtwin": __version__, "protocol": PROTOCOL}
    fractions = [line["progress"] for line in lines if "progress" in line]
    assert len(fractions) > 3
    assert fractions == sorted(fractions)
    assert set(lines[-2]) == {"facts", "files", "notes"}
    assert lines[-2]["files"][0][0] == str(town)
    assert lines[-1]["schema"] == "gridtwin.divide/1"


def test_an_error_is_the_last_line(tmp_path: Path) -> None:
    """An error comes as a line too, with its code; nothing follows it."""
    code, lines = lines_of("divide", str(tmp_path / "none.gpkg"))
    assert code == 3
    assert lines[-1]["error"]["code"] == "no_such_file"


def test_lines_are_ascii_in_chinese(town: Path) -> None:
    """Chinese texts are escaped: a console's code page cannot garble them."""
    code, lines = lines_of("divide", str(town), "--dry-run", GRIDTWIN_LANG="zh", PYTHONIOENCODING="ascii:strict")
    assert code == 0
    assert "读取" in lines[1]["message"]


def test_progress_is_throttled_within_one_text() -> None:
    """Within one text at most ten lines a second are written; a new text is written at once."""
    now = 0.0
    stream = io.StringIO()
    report = reporter(stream, clock=lambda: now)
    for step in range(100):
        now = step / 100
        report(step / 100, "counting")
    report(1.0, "done")
    texts = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert texts.count("counting") == 10
    assert texts[-1] == "done"


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_terminated_it_leaves_nothing(tmp_path: Path) -> None:
    """A request to terminate cancels: exit code 130, and the half-written file is removed."""
    target = tmp_path / "out" / "result.gpkg"
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW_COMMAND, "--json-lines", "map", "region.gpkg", "--out", str(target)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "half way" not in process.stdout.readline():
        assert process.poll() is None
    assert list(target.parent.iterdir())
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert time.monotonic() - start < 1.0
    assert process.returncode == 130
    assert not list(target.parent.iterdir())
