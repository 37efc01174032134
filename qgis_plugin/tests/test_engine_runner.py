"""The engine's process: clean environment, progress, clear errors, quick cancelling."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from gridtwin_qgis.engine.env import engine_environment
from gridtwin_qgis.engine.errors import EngineCanceled, EngineError, EngineMissing
from gridtwin_qgis.engine.protocol import Listener
from gridtwin_qgis.engine.runner import run_engine, run_process

CANCEL_WITHIN_S = 0.5

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    """Return whether a process still runs (a zombie does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_environment_drops_what_breaks_the_engine() -> None:
    """Variables of QGIS's own GDAL, PROJ, Qt and Python are dropped, others stay."""
    given = {
        "PYTHONHOME": "x", "PYTHONPATH": "x", "PROJ_LIB": "x", "PROJ_DATA": "x", "GDAL_DATA": "x", "Qt_Plugin": "kept",
        "QT_PLUGIN_PATH": "x", "LD_LIBRARY_PATH": "x", "SSL_CERT_FILE": "x", "HOME": "kept", "https_proxy": "kept",
    }  # fmt: skip
    made = engine_environment("zh", {k: v for k, v in given.items() if k != "Qt_Plugin"})
    assert made == {"HOME": "kept", "https_proxy": "kept", "GRIDTWIN_LANG": "zh"}


def test_a_run_reports_and_replies(engine_python: str, town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress comes while the engine runs, then what people read and the result; QGIS's variables do not matter."""
    for name in ("PROJ_DATA", "PYTHONPATH", "PYTHONHOME", "GDAL_DATA"):
        monkeypatch.setenv(name, "/nonexistent")
    seen: list[tuple[float, str]] = []
    output = town.with_name("out.gpkg")
    reply = run_engine(
        engine_python,
        ["divide", str(town), f"--output={output}", "--plan=second"],
        language="zh",
        on_progress=lambda fraction, text: seen.append((fraction, text)),
    )
    assert reply.exit_code == 0
    assert output.exists()
    assert reply.document["measures"]["grids"] == 5
    assert reply.files[0][0] == str(output)
    assert any("网格" in label for label, _ in reply.facts)
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    assert len(seen) > 3


def test_an_error_of_the_engine_is_shown_in_its_words(engine_python: str, tmp_path: Path) -> None:
    """Code and message are the engine's own."""
    with pytest.raises(EngineError, match="there is no file") as caught:
        run_engine(engine_python, ["divide", str(tmp_path / "none.gpkg")], language="en")
    assert caught.value.code == "no_such_file"


def test_a_wrong_call_says_which_option(engine_python: str) -> None:
    """What the command line does not know is named."""
    with pytest.raises(EngineError, match="--nonsense") as caught:
        run_engine(engine_python, ["schema", "--nonsense"], language="en")
    assert caught.value.code == "usage"


def test_no_engine_is_a_clear_error() -> None:
    """A Python that is not there is said to be missing, with the place to set it."""
    with pytest.raises(EngineMissing, match="Settings"):
        run_engine("/nonexistent/python", ["schema"], language="en")


def test_a_python_without_the_engine_says_so() -> None:
    """A Python in which the engine is not installed ends with Python's own words."""
    with pytest.raises(EngineError, match="No module named gridtwin") as caught:
        run_engine(sys.executable, ["schema"], language="en")
    assert caught.value.code == "crashed"


@pytest.mark.parametrize("number", [0, 2])
def test_another_protocol_is_refused(number: int) -> None:
    """An engine that speaks another protocol is refused, with what to update."""
    with pytest.raises(EngineError, match="update") as caught:
        Listener(lambda _f, _t: None).take(f'{{"gridtwin": "9.9", "protocol": {number}}}')
    assert caught.value.code == "other_protocol"


def test_what_is_no_json_is_no_engine() -> None:
    """A program that prints something else is no engine."""
    with pytest.raises(EngineError, match="hello") as caught:
        Listener(lambda _f, _t: None).take("hello\n")
    assert caught.value.code == "not_json"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_cancelled_within_half_a_second_with_its_children() -> None:
    """Even a program that ignores the request is gone within 0.5 s, and so are its children."""
    pids: list[int] = []
    asked: list[float] = []

    def is_canceled() -> bool:
        if pids:
            asked.append(time.monotonic())
        return bool(pids)

    with pytest.raises(EngineCanceled):
        run_process(
            [sys.executable, "-c", STUBBORN], language="en", on_line=lambda line: pids.append(int(line)),
            is_canceled=is_canceled,
        )  # fmt: skip
    assert time.monotonic() - asked[0] < CANCEL_WITHIN_S
    deadline = time.monotonic() + CANCEL_WITHIN_S
    while alive(pids[0]) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(pids[0])


def test_cancelled_divide_writes_nothing(engine_python: str, town: Path) -> None:
    """Cancelled while it divides, the engine leaves the folder as it was."""
    before = sorted(town.parent.iterdir())
    seen: list[float] = []
    with pytest.raises(EngineCanceled):
        run_engine(
            engine_python,
            ["divide", str(town), f"--output={town.with_name('out.gpkg')}"],
            language="en",
            on_progress=lambda fraction, _text: seen.append(fraction),
            is_canceled=lambda: bool(seen),
        )
    assert sorted(town.parent.iterdir()) == before


def test_stderr_does_not_block() -> None:
    """A program that writes much on both streams is read to the end."""
    code = "import sys\nfor k in range(20000): print(k); print('x' * 20, file=sys.stderr)"
    lines: list[str] = []
    status, log = run_process([sys.executable, "-c", code], language="en", on_line=lines.append)
    assert (status, len(lines), len(log.splitlines())) == (0, 20000, 20000)
