"""Reads the embedded metadata of a picture, which is offered to the editor and never published.

It runs in the sandbox without Django and network, and `read` never raises. If the sources differ,
XMP has priority over IPTC (IIM), and IPTC over EXIF: IIM cuts its values (a credit line after 32
bytes, a caption after 2,000), and EXIF is written by cameras, not by editors.
"""

import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from itertools import islice
from typing import IO, Any

from PIL import Image

from assets import embedded
from assets.embedded import Data
from assets.xmp import Resource, packet

MAX_TEXT = 5_000  # characters of one value
MAX_ITEM = 500  # characters of one value in a list
MAX_ITEMS = 50

# Digital source types that mean AI (https://cv.iptc.org/newscodes/digitalsourcetype/). Two types
# for algorithms do not mean AI: algorithmicMedia, “not based on any sampled training data”, and
# algorithmicallyEnhanced, “without changing the main content”.
AI_TYPES = {
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "compositeSynthetic",
    "trainedAlgorithmicData",  # from C2PA's own list
}
# According to their definitions, these “may or may not” contain something made with AI.
MAYBE_AI_TYPES = {"composite", "virtualRecording"}


@dataclass(frozen=True, slots=True)
class EmbeddedMetadata:
    """The metadata of a file as clean texts and flags; values are empty if the file has none.

    `date_created` is ISO 8601 with the precision of the file (`2021`, `2021-05`, `2021-05-03`).
    `licence_ends` is the last day of the licence.
    """

    # Offered to editors as published texts.
    credit_line: str = ""
    creator: str = ""
    caption: str = ""
    headline: str = ""
    copyright_notice: str = ""
    usage_terms: str = ""
    alt_text: str = ""
    date_created: str = ""
    place: str = ""
    licence_ends: str = ""
    web_statement: str = ""  # an http(s) address about the rights or their seller
    # Internal only.
    keywords: tuple[str, ...] = ()
    instructions: str = ""
    people: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()  # of the creator
    digital_source_type: str = ""  # only the code
    ai_made: bool = False  # or altered
    ai_evidence: str = ""  # where the file states this
    camera_position: bool = False
    serials: bool = False  # serial numbers of the body or the lens, or the owner's name

    def as_dict(self) -> dict[str, Any]:
        """Return the metadata as a JSON object."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "EmbeddedMetadata":
        """Return the metadata in a result of `as_dict`, even of another version of this code."""
        values: dict[str, Any] = {}
        for name in {each.name for each in fields(cls)} & stored.keys():
            value = stored[name]
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


def read(picture: Image.Image, file: IO[bytes]) -> EmbeddedMetadata:
    """Return the metadata of a file that Pillow has opened as `picture`, loaded or not.

    Each source is read separately: a broken one is ignored.
    """
    blocks: dict[str, list[Data]] = defaultdict(list)
    with contextlib.suppress(Exception):
        for kind, block in embedded.blocks(picture, file):
            blocks[kind].append(block)
    sources = []
    for kind, reader in _READERS.items():
        with contextlib.suppress(Exception):
            if blocks[kind]:
                values = reader(blocks[kind][:MAX_ITEMS])
                sources.append({name: _clean(name, value) for name, value in values.items()})
    found: dict[str, Any] = {}
    for source in sources:
        found |= {name: value for name, value in source.items() if value and name not in found}
    # One source may state that a camera took the picture, and another that AI altered it later.
    types = [source.get("digital_source_type", "") for source in sources]
    found["digital_source_type"] = max(
        types, key=lambda code: (code in AI_TYPES, code != ""), default=""
    )
    return EmbeddedMetadata(**found, ai_made="ai_evidence" in found)


def shortened(text: str, limit: int = 400) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " …"


# --- The fields of each source ------------------------------------------------------------------


def _from_xmp(blocks: list[Data]) -> dict[str, Any]:
    """Read the IPTC Photo Metadata Standard 2025.1, and other properties for faces and AI."""
    packets = [packet(block[:]) for block in blocks[:4]]
    xmp = Resource.of_packets(packets)
    code = _source_type(xmp.text("Iptc4xmpExt:DigitalSourceType"))
    ai_evidence = ""
    if code in AI_TYPES:
        ai_evidence = f"digital source type “{code}”"
    elif system := xmp.text("Iptc4xmpExt:AISystemUsed"):
        ai_evidence = f"AI system “{shortened(system, 100)}”"
    elif xmp.text("TC260:AIGC"):
        ai_evidence = "China’s label for AI, AIGC"
    creator = (xmp.parts("Iptc4xmpCore:CreatorContactInfo") or [Resource([])])[0]
    contact = {name: creator.text(f"Iptc4xmpCore:Ci{name}") for name in _CONTACT}
    address = ", ".join(filter(None, (contact[name] for name in _CONTACT if "Adr" in name)))
    licensors = (one.text("plus:LicensorURL") for one in xmp.parts("plus:Licensor"))
    addresses = [_address(text) for text in (xmp.text("xmpRights:WebStatement"), *licensors)]
    dates = [_date(xmp.text(name)) for name in ("photoshop:DateCreated", "exif:DateTimeOriginal")]
    return {
        "credit_line": xmp.text("photoshop:Credit"),
        "creator": _names(xmp.texts("dc:creator")),
        "caption": xmp.text("dc:description"),
        "headline": xmp.text("photoshop:Headline"),
        "copyright_notice": xmp.text("dc:rights"),
        "usage_terms": xmp.text("xmpRights:UsageTerms"),
        "alt_text": xmp.text("Iptc4xmpCore:AltTextAccessibility"),
        "date_created": _first(*dates),
        "place": _place_in_xmp(xmp),
        "licence_ends": _day(xmp.text("plus:LicenseEndDate")),
        "web_statement": _first(*addresses),
        "keywords": xmp.texts("dc:subject"),
        "instructions": xmp.text("photoshop:Instructions"),
        "people": _people_in_xmp(xmp),
        "contact": [contact["EmailWork"], contact["TelWork"], address, contact["UrlWork"]],
        "digital_source_type": code,
        "ai_evidence": ai_evidence,
        # Cameras, drones and desks store it in different structures, but under the same names.
        "camera_position": any(_POSITION.search(xml.lower()) for xml in packets),
        "serials": any(xmp.text(name).strip("0 ") for name in _SERIALS_IN_XMP),
    }


_CONTACT = (
    "EmailWork", "TelWork", "AdrExtadr", "AdrPcode", "AdrCity", "AdrRegion", "AdrCtry", "UrlWork",
)  # fmt: skip
_POSITION = re.compile(
    rb":gps(?:dest)?(?:lat|long)\w{0,8}\s{0,9}(?:=\s{0,9}[\"']|>)\s{0,99}[\d.+-]"
)
_SERIALS_IN_XMP = (
    "aux:SerialNumber", "aux:LensSerialNumber", "aux:OwnerName", "exifEX:BodySerialNumber",
    "exifEX:LensSerialNumber", "exifEX:CameraOwnerName",
)  # fmt: skip


def _place_in_xmp(xmp: Resource) -> str:
    """Return the most detailed place; if several are equal, prefer the place of the camera."""
    core = ("Iptc4xmpCore:Location", "photoshop:City", "photoshop:State", "photoshop:Country")
    places = [_place(map(xmp.text, core))]
    for number, name in enumerate(("LocationCreated", "LocationShown")):
        for place in xmp.parts(f"Iptc4xmpExt:{name}")[:1]:
            parts = ("Sublocation", "City", "ProvinceState", "CountryName")
            places.insert(number * 2, _place(place.text(f"Iptc4xmpExt:{part}") for part in parts))
    fullest = max(places, key=len)
    return ", ".join(fullest)


def _people_in_xmp(xmp: Resource) -> list[str]:
    names = xmp.texts("Iptc4xmpExt:PersonInImage")
    for person in xmp.parts("Iptc4xmpExt:PersonInImageWDetails"):
        names.append(person.text("Iptc4xmpExt:PersonName"))
    for region in xmp.parts("Iptc4xmpExt:ImageRegion"):
        names += region.texts("Iptc4xmpExt:PersonInImage")
    for regions in xmp.parts("mwg-rs:Regions"):
        for region in regions.parts("mwg-rs:RegionList"):
            if region.text("mwg-rs:Type") in ("", "Face"):
                names.append(region.text("mwg-rs:Name"))
    return names


def _from_iim(blocks: list[Data]) -> dict[str, Any]:
    fields = embedded.iim(blocks[0])
    first = {number: values[0] for number, values in fields.items() if values}
    # The numbers are those of https://www.iptc.org/std/IIM/4.2/, section 6.
    return {
        "credit_line": first.get(110),
        "creator": _names(fields.get(80, [])),
        "caption": first.get(120),
        "headline": first.get(105),
        "copyright_notice": first.get(116),
        "date_created": _date(first.get(55, "")),
        "place": ", ".join(_place(first.get(number, "") for number in (92, 90, 95, 101))),
        "licence_ends": _day(first.get(37, "")),
        "keywords": fields.get(25, []),
        "instructions": first.get(40),
        "contact": fields.get(118, []),
    }


def _from_exif(blocks: list[Data]) -> dict[str, Any]:
    order, tags = embedded.tags(blocks[0], _EXIF, {0x8769: _EXIF, 0x8825: set(_POSITIONS)})
    decode = embedded.decoder([tags[tag] for tag in _EXIF_TEXTS if tag in tags])

    def text(tag: int) -> str:
        return decode(tags.get(tag, b"").partition(b"\0")[0])

    def windows(tag: int) -> str:
        return tags.get(tag, b"").decode("utf-16-le", "ignore").partition("\0")[0]

    comment = embedded.user_comment(tags.get(0x9286, b""), order)
    comment = re.sub(r"^charset=\S*\s*", "", comment, flags=re.IGNORECASE)
    # In a WebP, ComfyUI writes its graph into the tags for the camera's maker and model.
    generated = _is_from_generator("parameters", comment) or any(
        text(tag).startswith(("prompt:{", "workflow:{")) for tag in (0x010F, 0x0110)
    )
    # The photographer's copyright notice, then the editor's.
    rights = [decode(part).strip() for part in tags.get(0x8298, b"").split(b"\0")[:2]]
    return {
        "caption": _first(text(0x010E), windows(0x9C9C), "" if generated else comment),
        "headline": _first(windows(0x9C9B), text(0xA436)),
        "creator": _first(text(0x013B), text(0xA437), windows(0x9C9D)),
        "copyright_notice": "; ".join(filter(None, rights)),
        "keywords": windows(0x9C9E).split(";"),
        "date_created": _date(text(0x9003)),
        "ai_evidence": _GENERATED if generated else "",
        # Degrees, minutes and seconds are fractions, all 0 if the camera did not know its position.
        "camera_position": any(
            tags.get(tag, b"")[at : at + 4].strip(b"\0") for tag in _POSITIONS for at in (0, 8, 16)
        ),
        "serials": any(text(tag).strip("0 ") for tag in (0xA430, 0xA431, 0xA435, 0xC62F)),
    }


_EXIF_TEXTS = {
    0x010E, 0x010F, 0x0110, 0x013B, 0x8298, 0x9003, 0xA430, 0xA431, 0xA435, 0xA436, 0xA437, 0xC62F,
}  # fmt: skip
_EXIF = _EXIF_TEXTS | {0x9286, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E}
_POSITIONS = (2, 4, 20, 22)  # latitude and longitude of the camera and of its subject


def _from_png_texts(blocks: list[Data]) -> dict[str, Any]:
    texts: dict[str, str] = {}
    for block in blocks:
        keyword, _, value = block[:].partition(b"\0")
        texts.setdefault(keyword.decode("latin-1"), embedded.decoder([value])(value))
    if any(_is_from_generator(keyword, text) for keyword, text in texts.items()):
        return {"ai_evidence": _GENERATED}  # without its description, which is the prompt
    return {
        "caption": texts.get("Description"),
        "creator": texts.get("Author"),
        "copyright_notice": texts.get("Copyright"),
    }


_GENERATED = "the settings of an image generator"
# Patterns by the keyword of a PNG text: Stable Diffusion and its forks, ComfyUI, InvokeAI, NovelAI,
# and China's label.
_GENERATORS = {
    "parameters": r"\bSteps: \d|sui_image_params",
    "prompt": r"^\s*\{.*\"class_type\"",
    "workflow": r"^\s*\{.*\"nodes\"",
    "invokeai_metadata": "",
    "sd-metadata": "",
    "Dream": "",
    "Software": "^NovelAI",
    "AIGC": "",
}


def _is_from_generator(keyword: str, text: str) -> bool:
    pattern = _GENERATORS.get(keyword)
    return pattern is not None and bool(re.search(pattern, text, re.DOTALL))


def _from_c2pa(blocks: list[Data]) -> dict[str, Any]:
    """Find the digital source types in a manifest; its signatures are not checked.

    A manifest also contains those of the picture's parts. Their types are included.
    """
    matches = (match for block in blocks for match in _TYPE_IN_C2PA.finditer(block))
    codes = [_source_type(match[1].decode("ascii")) for match in islice(matches, 500)]
    codes = [code for code in codes if code != "empty"]  # C2PA's value for no source
    by_ai = next((code for code in codes if code in AI_TYPES), "")
    return {
        "digital_source_type": by_ai or (codes[0] if len(set(codes)) == 1 else ""),
        "ai_evidence": f"its Content Credentials say “{by_ai}”" if by_ai else "",
    }


_TYPE_IN_C2PA = re.compile(rb"digitalsourcetype/([A-Za-z]{1,60})")

# The most trusted source first.
_READERS: dict[str, Callable[[list[Data]], dict[str, Any]]] = {
    "xmp": _from_xmp,
    "iim": _from_iim,
    "exif": _from_exif,
    "c2pa": _from_c2pa,
    "text": _from_png_texts,
}


# --- Clean values -------------------------------------------------------------------------------

_PROSE = {"caption", "usage_terms", "alt_text", "instructions"}  # these keep their line breaks
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Characters that databases can't store or that have no meaning, and lone surrogates.
_UNWANTED = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# Default values that cameras, phones and programs write into fields for human text.
_BY_MACHINE = re.compile(
    r"""olympus\ digital\ camera | sony\ dsc | default | exif_jpeg_picture | (charset=)?ascii
      | (konica\ )?minolta\ digital\ camera | kodak\ digital\ still\ camera | digital\ camera
      | samsung | dcim | jpeg | cof | hdr | dav | sdr | edf | mde | rhdr | oznor\w* | screenshot
      | untitled | unknown | none | null | applemark | binary\ comment | user\ comments?
      | (created|made|edited)\ (with|by)\ (the\ )?(gimp|dji\ camera|paint\.net)
      | processed\ (with|by)\ .* | intel\(r\)\ jpeg\ library.* | lead\ technologies.* | \{\s*".*""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DATE = re.compile(r"\s*(\d{4})(?:[-:.]?(\d\d)(?:[-:.]?(\d\d))?)?(?!\d)", re.ASCII)


def _clean(name: str, value: Any) -> str | tuple[str, ...] | bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, list):
        return _clean_list(value)
    text = _clean_text(value or "", MAX_TEXT, lines=name in _PROSE)
    return "" if _BY_MACHINE.fullmatch(text) else text


def _clean_list(values: Iterable[str]) -> tuple[str, ...]:
    kept = (_clean_text(value, MAX_ITEM) for value in islice(values, MAX_ITEMS))
    return tuple(dict.fromkeys(filter(None, kept)))


def _first(*texts: str) -> str:
    """Return the first text that is not empty after cleaning."""
    return next((text for text in texts if _clean("", text)), "")


def _names(texts: Iterable[str]) -> str:
    return ", ".join(_clean_list(texts))


def _clean_text(text: str, limit: int, *, lines: bool = False) -> str:
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text[: limit * 4]))
    text = re.sub(r"[ \t]+" if lines else r"[ \t\n]+", " ", text)
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r" ?\n ?", "\n", text)).strip()[:limit].strip()
    # Rows of dashes, or of “?” from a program that could not encode the letters, are not a text.
    return text if re.search(r"\w", text) else ""


def _date(text: str) -> str:
    """Return the date at the start of a text in ISO 8601 with its precision, or ""."""
    match = _DATE.match(text)
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    # There are no photographs from before 1800, and a licence until 9999 has no end.
    if not 1800 <= year < 2200:
        return ""
    with contextlib.suppress(ValueError):
        return date(year, month, day).isoformat()
    return f"{year}-{month:02}" if 1 <= month <= 12 else str(year)


def _day(text: str) -> str:
    day = _date(text)
    return day if len(day) == 10 else ""


def _place(parts: Iterable[str]) -> list[str]:
    """Return the parts of a place without duplicates, the smallest first."""
    return list({part.casefold(): part for part in _clean_list(parts)}.values())


def _address(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"https?://[^\s<>\"'\\]{1,1000}", text, re.IGNORECASE) else ""


def _source_type(text: str) -> str:
    code = re.split(r"[/:#]", text.strip().rstrip("/"))[-1]
    # An earlier version of C2PA's guidance had an extra “d”, which some programs copied.
    code = re.sub("^compositedWith", "compositeWith", code, flags=re.IGNORECASE)
    return {known.casefold(): known for known in AI_TYPES}.get(code.casefold(), code)
