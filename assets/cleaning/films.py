"""Removes the metadata that programs, phones and record labels wrote into films.

It is overwritten in place, so that no position in the file changes.
"""

import re
from typing import IO

from assets.cleaning.recordings import MAX_PART_BYTES, damaged, is_empty, patched, read, size_of
from assets.cleaning.report import Cleaned, Report

# --- MP4, QuickTime (ISO 14496-12): metadata becomes free space of the same length ---------------

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf"}
_METADATA = {
    b"udta", b"meta", b"uuid", b"prfl", b"loci", b"cprt", b"xml ", b"bxml", b"kywd", b"titl",
    b"dscp", b"auth", b"perf", b"gnre", b"yrrc", b"albm", b"clsf", b"rtng", b"prft", b"emsg",
}  # fmt: skip
_EMPTY = {b"free", b"skip", b"wide"}
_WITH_DATES = {b"mvhd", b"tkhd", b"mdhd"}
_SHOWN_TRACKS = {b"vide", b"soun", b"tmcd", b"auxv", b"hint"}
# Boxes that show the film and contain no metadata.
_CONTENT = {
    b"ftyp", b"styp", b"mdat", b"sidx", b"ssix", b"mfra", b"pdin", b"iods", b"mehd", b"trex",
    b"trep", b"leva", b"tref", b"trgr", b"tapt", b"elst", b"load", b"elng", b"vmhd", b"smhd",
    b"hmhd", b"nmhd", b"gmhd", b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stps", b"stsc",
    b"stsz", b"stz2", b"stco", b"co64", b"stsh", b"sdtp", b"padb", b"sbgp", b"sgpd", b"subs",
    b"saiz", b"saio", b"mfhd", b"tfhd", b"tfdt", b"trun", b"ctab", b"clip", b"matt", b"kmat",
}  # fmt: skip


def film(file: IO[bytes]) -> Cleaned:
    """Return a film with its texts, dates and makers overwritten."""
    report, size = Report(), size_of(file)
    patches: list[tuple[int, bytes]] = []
    _boxes(file, 0, size, report, patches, 0)
    return report.cleaned(*patched(size, patches))


def _boxes(
    file: IO[bytes],
    at: int,
    end: int,
    report: Report,
    patches: list[tuple[int, bytes]],
    depth: int,
) -> None:
    while at + 8 <= end and depth < 12:
        head = read(file, at, 16)
        length, name, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), at + 16
        elif length == 0 and not depth:
            length = end - at
        if length < start - at or at + length > end:
            if depth or is_empty(file, at, end):
                break
            raise damaged()
        after = at + length
        if name in _METADATA:
            content = read(file, start, after - start)
            patches += [(at + 4, b"free"), (start, bytes(after - start))]
            for text in _texts_in(content):
                report.removed("tags", text)
            report.removed("tags")
        elif name in _EMPTY:
            _wipe(file, start, after, report, patches)
        elif name in _WITH_DATES:
            wide = read(file, start, 1) == b"\1"
            times = read(file, start + 4, 16 if wide else 8)
            if any(times):
                patches.append((start + 4, bytes(len(times))))
        elif name == b"hdlr":
            kind = read(file, start + 8, 4)
            if kind not in _SHOWN_TRACKS and kind not in (b"alis", b"url ", b"mdir", b"mdta"):
                report.problem("data_track", kind.decode("latin-1"))
            _wipe(file, min(start + 24, after), after, report, patches)
        elif name == b"stsd":
            _wipe_makers(file, start + 8, after, report, patches)
        elif name == b"dinf":
            # Only one entry is accepted, which means "in this file": a flag and an empty address.
            entry = read(file, start, after - start)[16:]
            if len(entry) > 64 or entry[11:12] != b"\1" or any(entry[12:]):
                report.problem("tags", "dinf")
        elif name in _CONTAINERS:
            _boxes(file, start, after, report, patches, depth + 1)
        elif name not in _CONTENT:
            report.problem("tags", name.decode("latin-1"))
        at = after
    # QuickTime ends its lists with four zeros.
    if not is_empty(file, at, end):
        report.problem("tags")


def _wipe_makers(
    file: IO[bytes], at: int, end: int, report: Report, patches: list[tuple[int, bytes]]
) -> None:
    """Overwrite the encoder name of each video track, where some cameras write their name."""
    while at + 86 <= end:
        length = int.from_bytes(read(file, at, 4), "big")
        if length >= 86 and read(file, at + 4, 4) in _VIDEO:
            _wipe(file, at + 50, at + 82, report, patches)
        at += max(length, 8)


_VIDEO = {
    b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"mp4v", b"av01", b"vp08", b"vp09",
    b"jpeg", b"mjpa", b"mjpb", b"apch", b"apcn", b"apcs", b"apco", b"ap4h", b"s263", b"h263",
}  # fmt: skip


def _wipe(
    file: IO[bytes], at: int, end: int, report: Report, patches: list[tuple[int, bytes]]
) -> None:
    """Overwrite the name of a program, or text in unused space."""
    if at >= end or is_empty(file, at, end):
        return
    report.removed("tags")
    while at < end:
        patches.append((at, bytes(min(end - at, MAX_PART_BYTES))))
        at += MAX_PART_BYTES


def _texts_in(content: bytes) -> list[str]:
    texts = re.findall(rb"data\0\0\0\x01\0\0\0\0([\x20-\x7e\x80-\xff]{2,200})", content)
    return [text.decode("utf-8", "ignore") for text in texts[:20]]


# --- WebM (RFC 8794, RFC 9559): metadata becomes void --------------------------------------------

_HEAD, _SEGMENT, _CLUSTER, _INFO = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1549A966
_TAGS, _ATTACHMENTS, _CHAPTERS = 0x1254C367, 0x1941A469, 0x1043A770
_TRACKS, _TRACK, _TYPE, _VOID, _CRC = 0x1654AE6B, 0xAE, 0x83, 0xEC, 0xBF
# For each container: the elements that show the film, and the elements with metadata.
_INSIDE: dict[int, tuple[set[int], set[int]]] = {
    0: ({_HEAD, _SEGMENT}, set()),
    _SEGMENT: ({_INFO, _TRACKS, _CLUSTER, 0x114D9B74, 0x1C53BB6B},
               {_TAGS, _ATTACHMENTS, _CHAPTERS}),
    # The metadata: title, date, file names, and IDs of segments and their families.
    _INFO: ({0x2AD7B1, 0x4489, 0x4D80, 0x5741},
            {0x7BA9, 0x4461, 0x7384, 0x73A4, 0x3C83AB, 0x3E83BB, 0x3CB923, 0x3EB923, 0x4444,
             0x6924}),
    _TRACKS: ({_TRACK}, set()),
    _TRACK: ({0xD7, 0x73C5, _TYPE, 0xB9, 0x88, 0x55AA, 0x55AB, 0x55AC, 0x55AD, 0x55AE, 0x55AF,
              0x9C, 0x6DE7, 0x6DF8, 0x23E383, 0x234E7A, 0x23314F, 0x537F, 0x55EE, 0x22B59C,
              0x22B59D, 0x86, 0x63A2, 0xAA, 0x6FAB, 0x56AA, 0x56BB, 0x6624, 0xE0, 0xE1, 0xE2,
              0x6D80, 0x41E4},
             {0x536E, 0x258688, 0x7446, 0x3A9697, 0x3B4040, 0x26B240}),
}  # fmt: skip
_PROGRAMS = {0x4D80, 0x5741}  # names of programs: required, but may be empty


def webm(file: IO[bytes]) -> Cleaned:
    """Return a WebM with its tags, title and attachments overwritten."""
    report, size = Report(), size_of(file)
    patches: list[tuple[int, bytes]] = []
    _elements(file, 0, size, report, patches, 0)
    return report.cleaned(*patched(size, patches))


def _elements(
    file: IO[bytes],
    at: int,
    end: int,
    report: Report,
    patches: list[tuple[int, bytes]],
    kind: int,
) -> None:
    shown, texts = _INSIDE[kind]
    while at + 2 <= end:
        head = read(file, at, 12)
        name, used = _number(head, marked=True)
        length, more = _number(head[used:], marked=False)
        if not used or not more:
            break
        start = at + used + more
        unknown = length == (1 << 7 * more) - 1
        after = end if unknown else min(start + length, end)
        if name == _VOID or name in _PROGRAMS:
            _wipe(file, start, after, report, patches)
        elif name == _CRC or name in texts:
            if name != _CRC:  # a checksum is no metadata, but it may be wrong now
                report.removed("attachment" if name == _ATTACHMENTS else "tags")
            patches.append((at, _void(after - at)))
        elif name not in shown or (unknown and name == _CLUSTER):
            report.problem("tags")  # a stream without a known end, so its tags can't be found
            return
        elif name == _TYPE:
            if read(file, start, after - start) not in (b"\1", b"\2"):
                report.problem("data_track")
        elif name in _INSIDE:
            _elements(file, start, after, report, patches, name)
        at = after
    if not is_empty(file, at, end):
        report.problem("tags")


def _void(length: int) -> bytes:
    if length < 9:
        return bytes([_VOID, 0x80 | length - 2]) + bytes(length - 2)
    return b"\xec\x01" + (length - 9).to_bytes(7, "big") + bytes(length - 9)


def _number(data: bytes, *, marked: bool) -> tuple[int, int]:
    """Return a variable-size integer of EBML and its length in bytes; (0, 0) if it is invalid."""
    if not data or not data[0]:
        return 0, 0
    width = 9 - data[0].bit_length()
    if len(data) < width:
        return 0, 0
    value = int.from_bytes(data[:width], "big")
    return (value if marked else value & (1 << 7 * width) - 1), width
