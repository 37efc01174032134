"""A browser that reports every request and every error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 500  # times 20 ms
MAP = "Object.entries(window).find(([name, item]) => /^map_[0-9]+$/.test(name) && item instanceof L.Map)[1]"
CANVAS = f"gridtwin.canvasOf({MAP})"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium, started once."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"Chromium is not at {CHROMIUM}: what maps do in a browser would go unproved")
        pytest.skip(f"Chromium is not at {CHROMIUM}; apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page with the requests it made and the errors it reported."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda m: self.errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, path: Path) -> Any:
        """Open a file and wait until its map is drawn."""
        self.page.goto(path.as_uri())
        self.wait()
        return self.page

    def refuses_scripts(self) -> bool:
        """Return whether a script put into the page does not run, and the page's policy says so."""
        self.page.evaluate(
            """() => {
                const script = document.createElement('script');
                script.textContent = 'window.injected = 1';
                document.body.append(script);
            }"""
        )
        told = any("Content Security Policy" in error for error in self.errors)
        return told and self.page.evaluate("window.injected") is None

    def wait(self) -> None:
        """Wait until all layers are unpacked and drawn."""
        self.page.evaluate(f"Promise.all([...{CANVAS}.layers].map(layer => layer.ready))")
        self.until(f"{CANVAS}.drawn")

    def until(self, expression: str) -> None:
        """Wait until ``expression`` is true (asked from outside: the page's policy forbids ``eval``)."""
        for _ in range(PATIENCE):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never true: {expression}")

    def text(self, selector: str) -> str:
        """Return the text of the first element that fits."""
        return str(self.page.inner_text(selector))

    def screen(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place lies on the screen."""
        x, y = self.page.evaluate(
            f"""([lon, lat]) => {{
                const map = {MAP}, point = map.latLngToContainerPoint([lat, lon]);
                const box = map.getContainer().getBoundingClientRect();
                return [box.x + point.x, box.y + point.y];
            }}""",
            [longitude, latitude],
        )
        return x, y

    @property
    def outside(self) -> list[str]:
        """Requests that left the file."""
        return [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))]


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Watched]]:
    """Return a function that opens watched pages, each in a browser of its own."""
    contexts = []

    def start(width: int = 1280, height: int = 800, script: str = "") -> Watched:
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}))
        if script:
            contexts[-1].add_init_script(script)
        return Watched(contexts[-1].new_page())

    yield start
    for context in contexts:
        context.close()
