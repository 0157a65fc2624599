"""What a picture file says of itself: offered to the editor, never published from here.

It works where hostile files are opened: no ORM, no Django, no network, and no file makes it raise.
Where the sources differ, XMP is taken before IPTC (IIM), and that before EXIF: IIM cuts its values
(a credit line after 32 bytes, a caption after 2,000), and in EXIF a camera speaks, not a desk.
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
from assets.embedded import Data, Resource

MAX_TEXT = 5_000  # characters of one value
MAX_ITEM = 500  # characters of one value in a list
MAX_ITEMS = 50

# What AI did, by the definitions of https://cv.iptc.org/newscodes/digitalsourcetype/. Of algorithms
# alone, two are none: one “not based on any sampled training data” (algorithmicMedia), and one that
# corrects “without changing the main content” (algorithmicallyEnhanced).
AI_DID = {
    "trainedAlgorithmicMedia": "AI made the picture",
    "compositeWithTrainedAlgorithmicMedia": "AI altered the picture",
    "compositeSynthetic": "AI made a part of the picture",
    "trainedAlgorithmicData": "AI made the picture",  # from C2PA's list beside it
}
# By their definitions these “may or may not” hold something of AI's.
AI_MAY_HAVE = {"composite", "virtualRecording"}


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says: clean text and flags, empty where it says nothing.

    `date_created` is ISO 8601, as precise as the file is (`2021`, `2021-05`, `2021-05-03`);
    `licence_ends` is a whole day, the last one of the licence.
    """

    # Offered for what we publish.
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
    web_statement: str = ""  # an http(s) address, of the rights or of who sells them
    # For editors only.
    keywords: tuple[str, ...] = ()
    instructions: str = ""
    people: tuple[str, ...] = ()
    contact: tuple[str, ...] = ()  # of the creator
    digital_source_type: str = ""  # the code alone
    ai_made: bool = False  # or altered
    ai_evidence: str = ""  # where the file says so
    camera_position: bool = False
    serials: bool = False  # of the body or the lens, or the owner's name

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it, in any database."""
        values: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Found":
        """Return what `as_dict` gave, also where it was of another version."""
        values: dict[str, Any] = {}
        for name in {one.name for one in fields(cls)} & stored.keys():
            value = stored[name]
            values[name] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


def read(picture: Image.Image, file: IO[bytes]) -> Found:
    """Return what a file says that Pillow has opened as `picture`; it need not be loaded.

    Each source is read on its own: a broken one is as if it were not there.
    """
    blocks: dict[str, list[Data]] = defaultdict(list)
    with contextlib.suppress(Exception):
        for kind, block in embedded.blocks(picture, file):
            blocks[kind].append(block)
    sources = []
    for kind, reader in _READERS.items():
        with contextlib.suppress(Exception):
            if blocks[kind]:
                said = reader(blocks[kind][:MAX_ITEMS])
                sources.append({name: _clean(name, value) for name, value in said.items()})
    found: dict[str, Any] = {}
    for source in sources:
        found |= {name: value for name, value in source.items() if value and name not in found}
    # A file may say that a camera took it and, elsewhere in it, that AI altered it since.
    types = [source.get("digital_source_type", "") for source in sources]
    found["digital_source_type"] = max(
        types, key=lambda code: (code in AI_DID, code != ""), default=""
    )
    return Found(**found, ai_made="ai_evidence" in found)


def warnings(found: Found, today: date) -> list[str]:
    """Return what an editor must know before using the picture, each in a sentence or two."""
    said = []
    if found.instructions:
        said.append(
            f"The file carries instructions: “{_shortened(found.instructions).rstrip('.')}”. "
            "See that they let us publish it."
        )
    if found.ai_made:
        did = AI_DID.get(found.digital_source_type, "AI made or altered the picture")
        said.append(
            f"The file says that {did} ({found.ai_evidence}). Do not show it as a photograph of "
            "what happened."
        )
    elif found.digital_source_type in AI_MAY_HAVE:
        said.append(
            "The file says that the picture was put together from several, of which AI may have "
            f"made some (digital source type “{found.digital_source_type}”). Ask who sent it."
        )
    if found.licence_ends and found.licence_ends < today.isoformat():
        end = date.fromisoformat(found.licence_ends)
        said.append(
            f"The file says that the licence ended on {end.day} {end:%B %Y}. Renew it, or choose "
            "another picture."
        )
    private = [name for name in _PUBLIC_WORDS if _E_MAIL.search(getattr(found, name))]
    if private:
        where = " and ".join(name.replace("_", " ") for name in private)
        said.append(
            f"An e-mail address stands in the file’s {where}. Take it out, unless it is meant for "
            "the public."
        )
    located = [name for name in _TEXTS if has_coordinates(_joined(getattr(found, name)))]
    if located:
        where = " and ".join(name.replace("_", " ") for name in located)
        said.append(coordinates_warning(f"in the file’s {where}"))
    told = {"where it was taken": found.camera_position, "which camera took it": found.serials}
    if any(told.values()):
        what = " and ".join(name for name, is_told in told.items() if is_told)
        said.append(
            f"The file says {what}. That is left out of everything we publish; the original "
            "keeps it."
        )
    return said


_TEXTS = (
    "caption", "headline", "credit_line", "creator", "copyright_notice", "usage_terms", "alt_text",
    "place", "keywords", "instructions",
)  # fmt: skip
_DEGREES = r"\d{1,3}(?:\.\d{1,12})?\s?[°º˚]"
_MINUTES = r"(?:\s?\d{1,2}(?:\.\d{1,12})?\s?['’′]?)?(?:\s?\d{1,2}(?:\.\d{1,12})?\s?(?:[\"”″]|'')?)?"
# How people and programs write a position; each with an example that the tests read.
COORDINATES = {
    # a named latitude or longitude
    r"\b(?:lat|latitude|lon|lng|long|longitude)\b\.?\s?[:=]?\s?[-+−]?\d{1,3}[.,]\d{2,}": (
        "longitude: 79.444542 latitude: 29.39805"
    ),
    # degrees with a side of the compass, on either end
    rf"{_DEGREES}{_MINUTES}\s?[NSEW]\b": "29°23'53\"N 79°26'40\"E",
    rf"\b[NSEW]\s?{_DEGREES}": "N 29° 23.883’",
    # two decimal degrees beside one another, of which one is to a few metres
    r"(?<![\d.,])[-+−]?[0-8]?\d\.\d{4,12}[°º˚]?\s?[NS]?\s?[,;/ ]\s?"
    r"[-+−]?(?:1?\d)?\d\.\d{3,12}(?!\.?\d)": "29.39805, 79.444542",
    # decimal degrees with a side of the compass
    r"(?<![\d.,])\d{1,3}\.\d{3,12}\s?[NSEW]\b": "29.39805 N",
}
_COORDINATES = re.compile("|".join(f"(?:{pattern})" for pattern in COORDINATES), re.IGNORECASE)


def has_coordinates(text: str) -> bool:
    """Whether a text says where something is, in decimal degrees or in degrees and minutes."""
    return bool(_COORDINATES.search(text))


def coordinates_warning(where: str) -> str:
    """Return what is said of coordinates in a text, in the words that fit a GPS tag too."""
    return (
        f"There are coordinates {where}. They say exactly where it was taken. "
        "Take them out, unless they are meant for the public."
    )


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else "; ".join(value)


_PUBLIC_WORDS = ("caption", "credit_line", "creator", "copyright_notice", "usage_terms", "alt_text")
_E_MAIL = re.compile(r"[\w.+-]@[\w-]{1,63}\.\w")


def _shortened(text: str, limit: int = 400) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " …"


# --- What each source calls it ------------------------------------------------------------------


def _from_xmp(blocks: list[Data]) -> dict[str, Any]:
    """Read the IPTC Photo Metadata Standard 2025.1, and who marks faces or AI beside it."""
    packets = [embedded.packet(block[:]) for block in blocks[:4]]
    xmp = Resource.of_packets(packets)
    code = _source_type(xmp.text("Iptc4xmpExt:DigitalSourceType"))
    ai_evidence = ""
    if code in AI_DID:
        ai_evidence = f"digital source type “{code}”"
    elif system := xmp.text("Iptc4xmpExt:AISystemUsed"):
        ai_evidence = f"AI system “{_shortened(system, 100)}”"
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
        # Cameras, drones and desks put it into structures of their own; its name is the same.
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
    """Return the place that is told most fully: of two as full, the camera's before the scene's."""
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
    said = embedded.iim(blocks[0])
    first = {number: values[0] for number, values in said.items() if values}
    # The numbers are those of https://www.iptc.org/std/IIM/4.2/, section 6.
    return {
        "credit_line": first.get(110),
        "creator": _names(said.get(80, [])),
        "caption": first.get(120),
        "headline": first.get(105),
        "copyright_notice": first.get(116),
        "date_created": _date(first.get(55, "")),
        "place": ", ".join(_place(first.get(number, "") for number in (92, 90, 95, 101))),
        "licence_ends": _day(first.get(37, "")),
        "keywords": said.get(25, []),
        "instructions": first.get(40),
        "contact": said.get(118, []),
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
    # ComfyUI writes its graph where a WebP should name the maker and the model of the camera.
    generated = _is_of_a_generator("parameters", comment) or any(
        text(tag).startswith(("prompt:{", "workflow:{")) for tag in (0x010F, 0x0110)
    )
    # The photographer's, then the editor's.
    rights = [decode(part).strip() for part in tags.get(0x8298, b"").split(b"\0")[:2]]
    return {
        "caption": _first(text(0x010E), windows(0x9C9C), "" if generated else comment),
        "headline": _first(windows(0x9C9B), text(0xA436)),
        "creator": _first(text(0x013B), text(0xA437), windows(0x9C9D)),
        "copyright_notice": "; ".join(filter(None, rights)),
        "keywords": windows(0x9C9E).split(";"),
        "date_created": _date(text(0x9003)),
        "ai_evidence": _GENERATED if generated else "",
        # Degrees, minutes and seconds, each a fraction: 0 where the camera saw no satellite.
        "camera_position": any(
            tags.get(tag, b"")[at : at + 4].strip(b"\0") for tag in _POSITIONS for at in (0, 8, 16)
        ),
        "serials": any(text(tag).strip("0 ") for tag in (0xA430, 0xA431, 0xA435, 0xC62F)),
    }


_EXIF_TEXTS = {
    0x010E, 0x010F, 0x0110, 0x013B, 0x8298, 0x9003, 0xA430, 0xA431, 0xA435, 0xA436, 0xA437, 0xC62F,
}  # fmt: skip
_EXIF = _EXIF_TEXTS | {0x9286, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E}
_POSITIONS = (2, 4, 20, 22)  # latitude and longitude: of the camera, of what it looked at


def _from_png_texts(blocks: list[Data]) -> dict[str, Any]:
    said: dict[str, str] = {}
    for block in blocks:
        keyword, _, value = block[:].partition(b"\0")
        said.setdefault(keyword.decode("latin-1"), embedded.decoder([value])(value))
    if any(_is_of_a_generator(keyword, text) for keyword, text in said.items()):
        return {"ai_evidence": _GENERATED}  # its description would be what was asked for
    return {
        "caption": said.get("Description"),
        "creator": said.get("Author"),
        "copyright_notice": said.get("Copyright"),
    }


_GENERATED = "the settings of an image generator"
# By the keyword of a PNG's text: Stable Diffusion and its kin, ComfyUI, InvokeAI, NovelAI, China's.
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


def _is_of_a_generator(keyword: str, text: str) -> bool:
    pattern = _GENERATORS.get(keyword)
    return pattern is not None and bool(re.search(pattern, text, re.DOTALL))


def _from_c2pa(blocks: list[Data]) -> dict[str, Any]:
    """Look for source types in a manifest; whether its seals are whole is not asked.

    The manifests of what went into the picture are in it, and count: so did what AI made.
    """
    matches = (match for block in blocks for match in _TYPE_IN_C2PA.finditer(block))
    codes = [_source_type(match[1].decode("ascii")) for match in islice(matches, 500)]
    codes = [code for code in codes if code != "empty"]  # C2PA's word for none
    by_ai = next((code for code in codes if code in AI_DID), "")
    return {
        "digital_source_type": by_ai or (codes[0] if len(set(codes)) == 1 else ""),
        "ai_evidence": f"its Content Credentials say “{by_ai}”" if by_ai else "",
    }


_TYPE_IN_C2PA = re.compile(rb"digitalsourcetype/([A-Za-z]{1,60})")

# In the order in which they are believed.
_READERS: dict[str, Callable[[list[Data]], dict[str, Any]]] = {
    "xmp": _from_xmp,
    "iim": _from_iim,
    "exif": _from_exif,
    "c2pa": _from_c2pa,
    "text": _from_png_texts,
}


# --- Clean values -------------------------------------------------------------------------------

_PROSE = {"caption", "usage_terms", "alt_text", "instructions"}  # these keep their lines
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# What no database takes, what no text means, and halves of surrogates.
_UNWANTED = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# What cameras, phones and programs write where a person would.
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
    """Return the first text that says something."""
    return next((text for text in texts if _clean("", text)), "")


def _names(texts: Iterable[str]) -> str:
    return ", ".join(_clean_list(texts))


def _clean_text(text: str, limit: int, *, lines: bool = False) -> str:
    text = _UNWANTED.sub("", _LINE_ENDS.sub("\n", text[: limit * 4]))
    text = re.sub(r"[ \t]+" if lines else r"[ \t\n]+", " ", text)
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r" ?\n ?", "\n", text)).strip()[:limit].strip()
    # Rows of dashes, and of “?” where a program could not write the letters, say nothing.
    return text if re.search(r"\w", text) else ""


def _date(text: str) -> str:
    """Return the date at the start of a text in ISO 8601, as precise as it is; "" for none."""
    match = _DATE.match(text)
    year, month, day = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    # Before, nobody took pictures; a licence that ends in 9999 does not end.
    if not 1800 <= year < 2200:
        return ""
    with contextlib.suppress(ValueError):
        return date(year, month, day).isoformat()
    return f"{year}-{month:02}" if 1 <= month <= 12 else str(year)


def _day(text: str) -> str:
    day = _date(text)
    return day if len(day) == 10 else ""


def _place(parts: Iterable[str]) -> list[str]:
    """Return the parts of a place, the narrowest first, none of them twice."""
    return list({part.casefold(): part for part in _clean_list(parts)}.values())


def _address(text: str) -> str:
    text = text.strip()
    return text if re.fullmatch(r"https?://[^\s<>\"'\\]{1,1000}", text, re.IGNORECASE) else ""


def _source_type(text: str) -> str:
    code = re.split(r"[/:#]", text.strip().rstrip("/"))[-1]
    # C2PA's guidance once had a d too many, and programs learned from it.
    code = re.sub("^compositedWith", "compositeWith", code, flags=re.IGNORECASE)
    return {known.casefold(): known for known in AI_DID}.get(code.casefold(), code)
