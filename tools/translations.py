"""Keep the Chinese catalogue in step with the code.

``extract`` collects the texts given to ``mark`` and ``tr``, keeps the translations there are, and compiles
the catalogue; translators then fill the empty ``msgstr`` and run it again. ``--check`` changes nothing and
fails when a text lacks its translation, when placeholders differ, or when the compiled catalogue is stale.
The output depends on the texts alone: no dates, no line numbers.
"""

from __future__ import annotations

import argparse
import io
import string
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "gridtwin"
PO = PACKAGE / "locale" / "zh_CN" / "LC_MESSAGES" / "gridtwin.po"
KEYWORDS = {"mark": None, "tr": (1,)}
HEADERS = [
    ("Language", "zh_CN"),
    ("Plural-Forms", "nplurals=1; plural=0;"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
]
HEADER_COMMENT = "# Chinese texts of GridTwin. Fill the empty msgstr, then run: tools/translations.py extract"


def extracted(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return every marked text with the files that hold it, relative to the folder above ``package``."""
    texts: dict[str, set[str]] = {}
    for name, _, text, _, _ in extract_from_dir(package, [("**.py", "python")], keywords=KEYWORDS):
        key = text if isinstance(text, str) else text[0]
        texts.setdefault(key, set()).add(f"{package.name}/{Path(name).as_posix()}")
    return texts


def translations(po: Path = PO) -> dict[str, str]:
    """Return the translations in ``po``, empty ones included."""
    if not po.exists():
        return {}
    with po.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale="zh_CN") if m.id}


class PlainCatalog(Catalog):
    """A catalogue whose header holds what readers need, and neither dates nor versions."""

    mime_headers = property(lambda self: HEADERS)  # type: ignore[assignment]


def catalogue(texts: dict[str, set[str]], known: dict[str, str]) -> Catalog:
    """Return the catalogue of ``texts`` with their ``known`` translations."""
    made = PlainCatalog(locale="zh_CN", header_comment=HEADER_COMMENT, fuzzy=False)
    for text in sorted(texts):
        made.add(text, known.get(text, ""), locations=[(file, 1) for file in sorted(texts[text])])
    return made


def po_bytes(made: Catalog) -> bytes:
    """Return ``made`` as a .po file."""
    out = io.BytesIO()
    write_po(out, made, width=0, sort_output=True, include_lineno=False)
    return out.getvalue()


def mo_bytes(made: Catalog) -> bytes:
    """Return ``made`` as a .mo file."""
    out = io.BytesIO()
    write_mo(out, made)
    return out.getvalue()


def placeholders(text: str) -> list[str]:
    """Return the names in braces, sorted; a text that is no template has none."""
    try:
        return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})
    except ValueError:
        return []


def problems(texts: dict[str, set[str]], po: Path = PO) -> list[str]:
    """Return what is wrong with the catalogue ``po`` for ``texts``, one line each."""
    known = translations(po)
    found = []
    for text in sorted(texts):
        translation = known.get(text)
        if not translation:
            found.append(f"not translated: {text!r} ({', '.join(sorted(texts[text]))})")
        elif placeholders(translation) != placeholders(text):
            found.append(f"placeholders differ: {text!r} and {translation!r}")
    mo = po.with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != mo_bytes(catalogue(texts, known)):
        found.append(f"stale: {mo.name} is not what the translations compile to")
    return found


def extract(package: Path = PACKAGE, po: Path = PO) -> int:
    """Write the catalogue and its compiled form; return the number of texts without a translation."""
    texts = extracted(package)
    made = catalogue(texts, translations(po))
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_bytes(po_bytes(made))
    po.with_suffix(".mo").write_bytes(mo_bytes(made))
    return sum(not message.string for message in made if message.id)


def main() -> int:
    """Run ``extract`` or ``--check``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", nargs="?", choices=["extract"])
    parser.add_argument("--check", action="store_true", help="change nothing, fail when something is amiss")
    options = parser.parse_args()
    if options.check == bool(options.action):
        parser.error("say either extract or --check")
    if options.action:
        missing = extract()
        print(f"{PO.relative_to(ROOT)}: {missing} texts wait for a translation")
        return 0
    found = problems(extracted())
    for line in found:
        print(line, file=sys.stderr)
    if found:
        print("fill gridtwin.po, then run: python tools/translations.py extract", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
