"""Releases that were marked by hand (tests/data/gold/README.md), to measure the importer."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from tests.make import DATA, REAL_RELEASE

GOLD = DATA / "gold"


@dataclass(frozen=True)
class Gold:
    """One marked release: the file as it can be imported, and its marks."""

    name: str
    source: int
    data: bytes
    filename: str
    marks: dict[str, Any]

    @property
    def people(self) -> list[dict[str, Any]]:
        return self.marks.get("people", [])

    @property
    def quotations(self) -> list[dict[str, Any]]:
        return self.marks.get("quotations", [])


def releases() -> list[Gold]:
    """Return the marked releases whose text is in this repository, sorted by file name."""
    found = []
    for path in sorted(GOLD.glob("*.toml")):
        marks = tomllib.loads(path.read_text())
        file = DATA / marks["copy"] if marks["copy"] else None
        if file is None and "uk-china-red-lines" in marks["file"]:
            file = REAL_RELEASE
        if file is None:
            continue
        data, filename = _importable(file, marks)
        found.append(Gold(path.stem, int(path.stem.partition("-")[0]), data, filename, marks))
    return found


def _importable(file: Path, marks: dict[str, Any]) -> tuple[bytes, str]:
    """Return a release as text, Markdown or HTML, taken out of an archive's JSON or XML."""
    data = file.read_bytes()
    if "entry" in marks:
        lines = [json.loads(line) for line in data.splitlines()]
        document = next(one for one in lines if one["_id"] == marks["entry"])
        return document["text"].encode(), f"{file.stem}.txt"
    if file.suffix == ".json":
        item = json.loads(data)
        html = f"<h1>{item['title']}</h1>\n{item['details'].get('body') or ''}"
        return html.encode(), f"{file.stem}.html"
    if file.suffix == ".xml":
        body = etree.fromstring(data).find(".//{*}body")
        return etree.tostring(body), f"{file.stem}.html"
    return data, file.name


def plain(text: str) -> str:
    """Return a text with single spaces, as in the marks."""
    return re.sub(r"\s+", " ", text).strip()
