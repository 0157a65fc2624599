"""Recordings without what programs, phones and labels wrote into them.

They can be far larger than memory. So what comes out is a list of parts of the original, with new
bytes where something stood; the sound and the picture are never touched.
"""

import re
import struct
from collections.abc import Iterator
from typing import IO

from assets.cleaning.report import Cleaned, Piece, Report
from assets.pictures import BadFile

MOST_READ = 64_000_000  # bytes of one part
_WAVE_KEPT = {b"fmt ", b"fact", b"data"}


def _damaged() -> BadFile:
    return BadFile("The file is damaged or cut short. Save or download it again.")


def _size(file: IO[bytes]) -> int:
    return file.seek(0, 2)


def _read(file: IO[bytes], at: int, length: int) -> bytes:
    if length > MOST_READ:
        raise _damaged()
    file.seek(at)
    return file.read(length)


def _patched(size: int, patches: list[tuple[int, bytes]]) -> list[Piece]:
    """Return a file with other bytes at some places; the length stays."""
    pieces: list[Piece] = []
    at = 0
    for where, content in sorted(patches):
        if where < at:
            continue
        pieces += [(at, where), content]
        at = where + len(content)
    return [piece for piece in [*pieces, (at, size)] if piece != (at, at)]


# --- MP3: ID3 (id3.org), APE tags, Lyrics3 ------------------------------------------------------


def mp3(file: IO[bytes]) -> Cleaned:
    """Return an MP3 without its tags."""
    report, size = Report(), _size(file)
    begin, end = 0, size
    while (head := _read(file, begin, 10))[:3] == b"ID3" and len(head) == 10:
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte & 0x7F
        length += 10 if head[5] & 0x10 else 0  # a foot
        _note_id3(_read(file, begin, min(length + 10, 1_000_000)), report)
        begin += 10 + length
    if _read(file, max(begin, end - 128), 3) == b"TAG" and end - 128 >= begin:
        end -= 128
        report.removed("tags")
    foot = _read(file, max(begin, end - 32), 32)
    if foot[:8] == b"APETAGEX":
        length = int.from_bytes(foot[12:16], "little")
        length += 32 if foot[23] & 0x80 else 0
        end = max(begin, end - length)
        report.removed("tags")
    if begin >= end:
        raise _damaged()
    return report.cleaned((begin, end))


_ID3_TEXTS = {b"TPE1": "author", b"TCOM": "author", b"TENC": "author", b"TSSE": "program"}


def _note_id3(tag: bytes, report: Report) -> None:
    report.removed("tags")
    for match in re.finditer(rb"(TPE1|TCOM|TENC|TSSE)(.{4})..(.)", tag, re.DOTALL):
        length = int.from_bytes(match[2], "big")
        text = tag[match.end() : match.end() + min(length, 400) - 1]
        encoding = {0: "latin-1", 1: "utf-16", 2: "utf-16-be"}.get(match[3][0], "utf-8")
        report.removed(_ID3_TEXTS[match[1]], text.decode(encoding, "ignore"))


# --- WAV (RIFF) ---------------------------------------------------------------------------------


def wave(file: IO[bytes]) -> Cleaned:
    """Return a WAV with its sound alone."""
    report, size = Report(), _size(file)
    pieces: list[Piece] = []
    total, at = 4, 12
    while at + 8 <= size:
        name, length = struct.unpack("<4sI", _read(file, at, 8))
        end = min(at + 8 + length + (length & 1), size)
        if name in _WAVE_KEPT:
            pieces.append((at, end))
            total += end - at
        else:
            report.removed("tags", name.decode("latin-1").strip())
        at = end
    head = b"RIFF" + struct.pack("<I", min(total, 0xFFFFFFFF)) + b"WAVE"
    if not report.cleaned(b"").removed:
        return report.cleaned((0, size))
    return report.cleaned(head, *pieces)


# --- FLAC (RFC 9639) ----------------------------------------------------------------------------


def flac(file: IO[bytes]) -> Cleaned:
    """Return a FLAC without comments, pictures and what programs keep in it."""
    report, size = Report(), _size(file)
    pieces: list[Piece] = [b"fLaC"]
    kept: list[tuple[int, int, int]] = []
    at, last = 4, False
    while not last:
        head = _read(file, at, 4)
        if len(head) < 4:
            raise _damaged()
        last, kind = bool(head[0] & 0x80), head[0] & 0x7F
        end = at + 4 + int.from_bytes(head[1:4], "big")
        if end > size:
            raise _damaged()
        if kind in (0, 3):  # what the sound is, and where its seconds are
            kept.append((kind, at, end))
        elif kind != 1:
            report.removed("tags")
        at = end
    for number, (kind, begin, end) in enumerate(kept, start=1):
        pieces += [bytes([kind | (0x80 if number == len(kept) else 0)]), (begin + 1, end)]
    return report.cleaned(*pieces, (at, size))


# --- Ogg (RFC 3533): the header of comments is emptied, the pages stay as long as they are -------


def ogg(file: IO[bytes]) -> Cleaned:
    """Return an Ogg file whose comments are empty."""
    report, size = Report(), _size(file)
    patches: list[tuple[int, bytes]] = []
    at = 0
    for _ in range(200):  # the headers stand on the first pages
        head = _read(file, at, 27)
        if len(head) < 27 or head[:4] != b"OggS":
            break
        table = _read(file, at + 27, head[26])
        begin = at + 27 + len(table)
        end = begin + sum(table)
        if end > size:
            raise _damaged()
        body = _read(file, begin, end - begin)
        emptied = _without_comments(body, table, report)
        if emptied is None:
            report.cannot("tags")
            break
        if emptied != body:
            page = head[:22] + bytes(4) + head[26:] + table + emptied
            patches.append((at, page[:22] + struct.pack("<I", _ogg_sum(page)) + page[26:]))
        at = end
    return report.cleaned(*_patched(size, patches))


def _without_comments(body: bytes, table: bytes, report: Report) -> bytes | None:
    """Return a page with no comments; None where they go on over the page's end."""
    for sign in (b"\x03vorbis", b"OpusTags"):
        where = body.find(sign)
        if where < 0:
            continue
        begin, lengths = 0, []
        length = 0
        for piece in table:
            length += piece
            if piece < 255:
                lengths.append(length)
                length = 0
        for length in lengths:
            if begin == where:
                break
            begin += length
        else:
            return None
        packet = body[where : where + length]
        at = len(sign)
        (vendor,) = struct.unpack_from("<I", packet, at)
        end = at + 4 + vendor
        if end + 4 > len(packet):
            raise _damaged()
        (count,) = struct.unpack_from("<I", packet, end)
        for entry in _vorbis_comments(packet, end + 4, count):
            name, _, value = entry.partition("=")
            code = "author" if name.upper() in ("ARTIST", "COMPOSER", "PERFORMER") else "tags"
            report.removed(code, value if code == "author" else name)
        if not count:
            return body
        frame = b"\x01" if sign == b"\x03vorbis" else b""
        new = packet[:end] + bytes(4) + frame
        return body[:where] + new.ljust(len(packet), b"\0") + body[where + length :]
    return body


def _vorbis_comments(packet: bytes, at: int, count: int) -> Iterator[str]:
    for _ in range(min(count, 1000)):
        if at + 4 > len(packet):
            return
        (length,) = struct.unpack_from("<I", packet, at)
        yield packet[at + 4 : at + 4 + min(length, 400)].decode("utf-8", "ignore")
        at += 4 + length


def _ogg_table() -> list[int]:
    table = []
    for number in range(256):
        value = number << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


_OGG_TABLE = _ogg_table()


def _ogg_sum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[value >> 24 ^ byte]
    return value


# --- MP4, QuickTime (ISO 14496-12): what says something becomes free space of the same length ----

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf"}
_SAYING = {b"udta", b"meta", b"uuid", b"prfl", b"loci"}
_WITH_DATES = {b"mvhd", b"tkhd", b"mdhd"}
_SHOWN_TRACKS = {b"vide", b"soun", b"text", b"sbtl", b"subt", b"clcp", b"tmcd", b"auxv", b"hint"}


def film(file: IO[bytes]) -> Cleaned:
    """Return a film whose words, dates and makers are overwritten."""
    report, size = Report(), _size(file)
    patches: list[tuple[int, bytes]] = []
    _boxes(file, 0, size, report, patches, 0)
    return report.cleaned(*_patched(size, patches))


def _boxes(
    file: IO[bytes],
    at: int,
    end: int,
    report: Report,
    patches: list[tuple[int, bytes]],
    depth: int,
) -> None:
    while at + 8 <= end and depth < 12:
        head = _read(file, at, 16)
        length, name, start = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), at + 16
        length = length or end - at
        if length < 8 or at + length > end:
            if depth:  # QuickTime ends its lists with four zeros; what else is there is no box
                return
            raise _damaged()
        after = at + length
        if name in _SAYING:
            content = _read(file, start, after - start)
            patches += [(at + 4, b"free"), (start, bytes(after - start))]
            for word in _film_words(content):
                report.removed("tags", word)
            report.removed("tags")
        elif name in _WITH_DATES:
            wide = _read(file, start, 1) == b"\1"
            times = _read(file, start + 4, 16 if wide else 8)
            if any(times):
                patches.append((start + 4, bytes(len(times))))
        elif name == b"hdlr":
            kind = _read(file, start + 8, 4)
            if kind not in _SHOWN_TRACKS and kind not in (b"alis", b"url ", b"mdir", b"mdta"):
                report.cannot("data_track", kind.decode("latin-1"))
        elif name in _CONTAINERS:
            _boxes(file, start, after, report, patches, depth + 1)
        at = after


def _film_words(content: bytes) -> list[str]:
    found = re.findall(rb"data\0\0\0\x01\0\0\0\0([\x20-\x7e\x80-\xff]{2,200})", content)
    return [one.decode("utf-8", "ignore") for one in found[:20]]


# --- WebM (RFC 8794, RFC 9559): likewise, as void ------------------------------------------------

_SEGMENT, _CLUSTER, _INFO = 0x18538067, 0x1F43B675, 0x1549A966
_TAGS, _ATTACHMENTS = 0x1254C367, 0x1941A469
_IN_INFO = {0x7BA9, 0x4461, 0x7384, 0x73A4}  # title, date, file name, its number


def webm(file: IO[bytes]) -> Cleaned:
    """Return a WebM whose tags, title and attachments are overwritten."""
    report, size = Report(), _size(file)
    patches: list[tuple[int, bytes]] = []
    _elements(file, 0, size, report, patches, 0)
    return report.cleaned(*_patched(size, patches))


def _elements(
    file: IO[bytes],
    at: int,
    end: int,
    report: Report,
    patches: list[tuple[int, bytes]],
    kind: int,
) -> None:
    while at + 2 <= end:
        head = _read(file, at, 12)
        name, used = _number(head, marked=True)
        length, more = _number(head[used:], marked=False)
        if not used or not more:
            return
        start = at + used + more
        unknown = length == (1 << 7 * more) - 1
        after = end if unknown else min(start + length, end)
        if name == _SEGMENT or (name == _INFO and kind == _SEGMENT):
            _elements(file, start, after, report, patches, name)
        elif name in (_TAGS, _ATTACHMENTS) or (kind == _INFO and name in _IN_INFO):
            report.removed("attachment" if name == _ATTACHMENTS else "tags")
            if after - at < 9:
                patches.append((at, bytes([0xEC, 0x80 | after - at - 2]) + bytes(after - at - 2)))
            else:
                space = after - at - 9
                void = b"\xec\x01" + space.to_bytes(7, "big") + bytes(space)
                patches.append((at, void))
        elif unknown and name == _CLUSTER:
            report.cannot("tags")  # a stream of no known end: its tags cannot be found
            return
        at = after


def _number(data: bytes, *, marked: bool) -> tuple[int, int]:
    """Return a number of EBML and how many bytes it takes."""
    if not data or not data[0]:
        return 0, 0
    width = 9 - data[0].bit_length()
    if len(data) < width:
        return 0, 0
    value = int.from_bytes(data[:width], "big")
    return (value if marked else value & (1 << 7 * width) - 1), width
