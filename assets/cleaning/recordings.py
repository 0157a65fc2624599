"""Removes the metadata that programs, phones and record labels wrote into sound recordings.

Recordings can be larger than memory. Therefore the result is a list of parts of the original, with
new bytes in place of metadata. The sound is never changed. Films are in `assets.cleaning.films`.
"""

import re
import struct
from collections.abc import Iterator
from typing import IO

from assets.cleaning.report import Cleaned, Piece, Report
from assets.messages import BadFileError
from assets.messages import message as _

MAX_PART_BYTES = 64_000_000
_WAVE_KEPT = {b"fmt ", b"fact", b"data"}


def damaged() -> BadFileError:
    return BadFileError(_("The file is damaged or incomplete. Save or download it again."))


def size_of(file: IO[bytes]) -> int:
    return file.seek(0, 2)


def read(file: IO[bytes], at: int, length: int) -> bytes:
    if length > MAX_PART_BYTES:
        raise damaged()
    file.seek(at)
    return file.read(length)


def is_empty(file: IO[bytes], at: int, end: int) -> bool:
    """Return whether a part of a file contains only zeros."""
    file.seek(at)
    while at < end:
        part = file.read(min(end - at, 1_000_000))
        if not part or part.strip(b"\0"):
            return False
        at += len(part)
    return True


def patched(size: int, patches: list[tuple[int, bytes]]) -> list[Piece]:
    """Return the pieces of a file with some bytes replaced. Its length stays the same."""
    pieces: list[Piece] = []
    at = 0
    for position, content in sorted(patches):
        if position < at:
            continue
        pieces += [(at, position), content]
        at = position + len(content)
    return [piece for piece in [*pieces, (at, size)] if piece != (at, at)]


# --- MP3: ID3 (id3.org), APE tags, Lyrics3 ------------------------------------------------------


def mp3(file: IO[bytes]) -> Cleaned:
    """Return an MP3 without its tags."""
    report, size = Report(), size_of(file)
    begin, end = 0, size
    while (head := read(file, begin, 10))[:3] == b"ID3" and len(head) == 10:
        length = _id3_length(head[6:10]) + (10 if head[5] & 0x10 else 0)  # a footer
        _note_id3(read(file, begin, min(length + 10, 1_000_000)), report)
        begin += 10 + length
    end = _without_tags_at_the_end(file, begin, end, report)
    if begin >= end:
        raise damaged()
    if not _is_only_frames(file, begin, end):
        report.problem("tags")
    return report.cleaned((begin, end))


def _without_tags_at_the_end(file: IO[bytes], begin: int, end: int, report: Report) -> int:
    """Return the end of the sound. ID3, APE and Lyrics3 tags can follow it in any order."""
    while length := _tag_at_the_end(read(file, max(begin, end - 6000), min(6000, end - begin))):
        report.removed("tags")
        end = max(begin, end - length)
    last = read(file, max(begin, end - 1_000_000), min(1_000_000, end - begin))
    if any(sign in last for sign in _SIGNS_OF_TAGS):
        report.problem("tags")  # a damaged tag, or one that is not at the end
    return end


_SIGNS_OF_TAGS = (b"APETAGEX", b"LYRICSBEGIN", b"<?xpacket", b"<x:xmpmeta")


def _tag_at_the_end(last: bytes) -> int:
    """Return the length of the tag at the end of a recording, 0 if there is none."""
    if last[-128:-125] == b"TAG":
        return 355 if last[-355:-351] == b"TAG+" else 128
    if last[-32:-24] == b"APETAGEX":
        return int.from_bytes(last[-20:-16], "little") + (32 if last[-9] & 0x80 else 0)
    if last[-10:-7] == b"3DI":
        return 20 + _id3_length(last[-4:])
    if last.endswith(b"LYRICS200") and last[-15:-9].isdigit():
        return int(last[-15:-9]) + 15
    if last.endswith(b"LYRICSEND") and (start := last.rfind(b"LYRICSBEGIN")) >= 0:
        return len(last) - start
    return 0


def _id3_length(four: bytes) -> int:
    length = 0
    for byte in four:
        length = length << 7 | byte & 0x7F
    return length


# By version and layer (ISO 11172-3): kilobits per second of each index, and samples per frame.
_BITS = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLES = {(1, 1): 384, (2, 1): 384, (1, 2): 1152, (2, 2): 1152, (1, 3): 1152, (2, 3): 576}


def _frame_length(head: bytes) -> int:
    """Return the length of an MP3 frame in bytes, 0 if it is not a frame with a known length."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bits in (0, 15) or rate == 3:
        return 0
    kind = (1 if version == 3 else 2, layer)
    hertz = (44_100, 48_000, 32_000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    length = _SAMPLES[kind] * _BITS[kind][bits - 1] * 125
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (length // 4 // hertz + padding) * 4
    return length // hertz + padding


def _is_only_frames(file: IO[bytes], begin: int, end: int) -> bool:
    """Return whether a recording contains only frames of sound, with zeros before or after."""
    at, count = begin, 0
    while at < end:
        length = _frame_length(read(file, at, 4))
        if not length:
            if not count and (after := _skip_zeros(file, at, end)) > at:
                at = after
                continue
            return bool(count) and is_empty(file, at, end)
        at += length
        count += 1
    return bool(count)


def _skip_zeros(file: IO[bytes], at: int, end: int) -> int:
    part = read(file, at, min(end - at, 1_000_000))
    return at + len(part) - len(part.lstrip(b"\0"))


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
    """Return a WAV that contains only its sound."""
    report, size = Report(), size_of(file)
    pieces: list[Piece] = []
    total, at = 4, 12
    while at + 8 <= size:
        name, length = struct.unpack("<4sI", read(file, at, 8))
        end = min(at + 8 + length + (length & 1), size)
        if not name.decode("latin-1").isprintable():
            report.problem("tags")
        elif name == b"fact" and length > 4:
            report.removed("tags", "fact")
            pieces += [b"fact\x04\0\0\0", (at + 8, at + 12)]
            total += 12
        elif name in _WAVE_KEPT:
            pieces.append((at, end))
            total += end - at
        else:
            report.removed("tags", name.decode("latin-1").strip())
        at = end
    if not is_empty(file, at, size):
        report.removed("tags")
    head = b"RIFF" + struct.pack("<I", min(total, 0xFFFFFFFF)) + b"WAVE"
    if not report.cleaned(b"").removed:
        return report.cleaned((0, size))
    return report.cleaned(head, *pieces)


# --- FLAC (RFC 9639) ----------------------------------------------------------------------------


def flac(file: IO[bytes]) -> Cleaned:
    """Return a FLAC without comments, pictures and data of programs."""
    report, size = Report(), size_of(file)
    pieces: list[Piece] = [b"fLaC"]
    kept: list[tuple[int, int, int]] = []
    at, last = 4, False
    while not last:
        head = read(file, at, 4)
        if len(head) < 4:
            raise damaged()
        last, kind = bool(head[0] & 0x80), head[0] & 0x7F
        end = at + 4 + int.from_bytes(head[1:4], "big")
        if end > size:
            raise damaged()
        if kind in (0, 3):  # the format of the sound, and its seek table
            kept.append((kind, at, end))
        elif kind != 1:
            report.removed("tags")
        at = end
    for number, (kind, begin, end) in enumerate(kept, start=1):
        pieces += [bytes([kind | (0x80 if number == len(kept) else 0)]), (begin + 1, end)]
    size = _without_tags_at_the_end(file, at, size, report)
    if read(file, at, 2) not in (b"\xff\xf8", b"\xff\xf9"):
        report.problem("tags")
    return report.cleaned(*pieces, (at, size))


# --- Ogg (RFC 3533): the comments are emptied, the pages keep their length ----------------------


def ogg(file: IO[bytes]) -> Cleaned:
    """Return an Ogg file whose comments are empty."""
    report, size = Report(), size_of(file)
    patches: list[tuple[int, bytes]] = []
    begun: set[bytes] = set()  # the serial numbers of streams
    comments_follow: set[bytes] = set()  # streams whose next packet contains the comments
    at = 0
    while at < size:
        head = read(file, at, 27)
        if len(head) < 27 or head[:4] != b"OggS":
            if not is_empty(file, at, size):
                report.problem("tags")
            break
        table = read(file, at + 27, head[26])
        begin = at + 27 + len(table)
        end = begin + sum(table)
        if end > size:
            raise damaged()
        stream = head[14:18]
        if head[5] & 2:
            if not read(file, begin, 8).startswith((b"\x01vorbis", b"OpusHead")):
                report.problem("tags")
            begun.add(stream)
            comments_follow.add(stream)
        elif stream not in begun:
            report.problem("tags")
        elif stream in comments_follow:
            comments_follow.remove(stream)
            body = read(file, begin, end - begin)
            emptied = _without_comments(body, table, report)
            if emptied is None:
                report.problem("tags")
            elif emptied != body:
                page = head[:22] + bytes(4) + head[26:] + table + emptied
                patches.append((at, page[:22] + struct.pack("<I", _ogg_sum(page)) + page[26:]))
        at = end
    return report.cleaned(*patched(size, patches))


def _without_comments(body: bytes, table: bytes, report: Report) -> bytes | None:
    """Return a page without comments; None if it has none, or they continue on the next page."""
    starts = (b"\x03vorbis", b"OpusTags")
    sign = next((start for start in starts if body.startswith(start)), b"")
    ends = next((number for number, piece in enumerate(table) if piece < 255), None)
    if not sign or ends is None:
        return None
    packet = body[: sum(table[: ends + 1])]
    at = len(sign)
    if at + 8 > len(packet):
        raise damaged()
    (vendor,) = struct.unpack_from("<I", packet, at)
    end = at + 4 + vendor
    if end + 4 > len(packet):
        raise damaged()
    (count,) = struct.unpack_from("<I", packet, end)
    for entry in _vorbis_comments(packet, end + 4, count):
        name, _equals, value = entry.partition("=")
        code = "author" if name.upper() in ("ARTIST", "COMPOSER", "PERFORMER") else "tags"
        report.removed(code, value if code == "author" else name)
    frame = b"\x01" if sign == b"\x03vorbis" else b""
    new = (packet[:end] + bytes(4) + frame).ljust(len(packet), b"\0")
    if new != packet and not count:
        report.removed("tags")
    return new + body[len(packet) :]


def _vorbis_comments(packet: bytes, at: int, count: int) -> Iterator[str]:
    for _number in range(min(count, 1000)):
        if at + 4 > len(packet):
            return
        (length,) = struct.unpack_from("<I", packet, at)
        yield packet[at + 4 : at + 4 + min(length, 400)].decode("utf-8", "ignore")
        at += 4 + length


def _ogg_table() -> list[int]:
    table = []
    for number in range(256):
        value = number << 24
        for _bit in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


_OGG_TABLE = _ogg_table()


def _ogg_sum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[value >> 24 ^ byte]
    return value
