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


def _is_empty(file: IO[bytes], at: int, end: int) -> bool:
    """Whether nothing but zeros stands in a part of a file."""
    file.seek(at)
    while at < end:
        part = file.read(min(end - at, 1_000_000))
        if not part or part.strip(b"\0"):
            return False
        at += len(part)
    return True


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
        length = _id3_length(head[6:10]) + (10 if head[5] & 0x10 else 0)  # a foot
        _note_id3(_read(file, begin, min(length + 10, 1_000_000)), report)
        begin += 10 + length
    end = _without_tags_at_the_end(file, begin, end, report)
    if begin >= end:
        raise _damaged()
    if not _is_frames_alone(file, begin, end):
        report.cannot("tags")
    return report.cleaned((begin, end))


def _without_tags_at_the_end(file: IO[bytes], begin: int, end: int, report: Report) -> int:
    """Return where the sound ends: ID3, APE and Lyrics3 can follow it in any order."""
    while length := _tag_at_the_end(_read(file, max(begin, end - 6000), min(6000, end - begin))):
        report.removed("tags")
        end = max(begin, end - length)
    last = _read(file, max(begin, end - 1_000_000), min(1_000_000, end - begin))
    if any(sign in last for sign in _SIGNS_OF_TAGS):
        report.cannot("tags")  # a damaged one, or one that something else follows
    return end


_SIGNS_OF_TAGS = (b"APETAGEX", b"LYRICSBEGIN", b"<?xpacket", b"<x:xmpmeta")


def _tag_at_the_end(last: bytes) -> int:
    """Return how long the tag is with which a recording ends, 0 for none."""
    if last[-128:-125] == b"TAG":
        return 355 if last[-355:-351] == b"TAG+" else 128
    if last[-32:-24] == b"APETAGEX":
        return int.from_bytes(last[-20:-16], "little") + (32 if last[-9] & 0x80 else 0)
    if last[-10:-7] == b"3DI":
        return 20 + _id3_length(last[-4:])
    if last.endswith(b"LYRICS200") and last[-15:-9].isdigit():
        return int(last[-15:-9]) + 15
    if last.endswith(b"LYRICSEND") and (where := last.rfind(b"LYRICSBEGIN")) >= 0:
        return len(last) - where
    return 0


def _id3_length(four: bytes) -> int:
    length = 0
    for byte in four:
        length = length << 7 | byte & 0x7F
    return length


# By the version and layer of a frame (ISO 11172-3): kilobits of each index, samples of a frame.
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
    """Return how long a frame of an MP3 is, 0 where it is none that says so."""
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


def _is_frames_alone(file: IO[bytes], begin: int, end: int) -> bool:
    """Whether a recording holds frames of sound, zeros around them, and nothing else."""
    at, count = begin, 0
    while at < end:
        length = _frame_length(_read(file, at, 4))
        if not length:
            if not count and (after := _first_that_is_not_zero(file, at, end)) > at:
                at = after
                continue
            return bool(count) and _is_empty(file, at, end)
        at += length
        count += 1
    return bool(count)


def _first_that_is_not_zero(file: IO[bytes], at: int, end: int) -> int:
    part = _read(file, at, min(end - at, 1_000_000))
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
    """Return a WAV with its sound alone."""
    report, size = Report(), _size(file)
    pieces: list[Piece] = []
    total, at = 4, 12
    while at + 8 <= size:
        name, length = struct.unpack("<4sI", _read(file, at, 8))
        end = min(at + 8 + length + (length & 1), size)
        if not name.decode("latin-1").isprintable():
            report.cannot("tags")
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
    if not _is_empty(file, at, size):
        report.removed("tags")
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
    size = _without_tags_at_the_end(file, at, size, report)
    if _read(file, at, 2) not in (b"\xff\xf8", b"\xff\xf9"):
        report.cannot("tags")
    return report.cleaned(*pieces, (at, size))


# --- Ogg (RFC 3533): the header of comments is emptied, the pages stay as long as they are -------


def ogg(file: IO[bytes]) -> Cleaned:
    """Return an Ogg file whose comments are empty."""
    report, size = Report(), _size(file)
    patches: list[tuple[int, bytes]] = []
    begun: set[bytes] = set()  # the numbers of streams
    comments_follow: set[bytes] = set()  # those whose second packet comes next
    at = 0
    while at < size:
        head = _read(file, at, 27)
        if len(head) < 27 or head[:4] != b"OggS":
            if not _is_empty(file, at, size):
                report.cannot("tags")
            break
        table = _read(file, at + 27, head[26])
        begin = at + 27 + len(table)
        end = begin + sum(table)
        if end > size:
            raise _damaged()
        stream = head[14:18]
        if head[5] & 2:
            if not _read(file, begin, 8).startswith((b"\x01vorbis", b"OpusHead")):
                report.cannot("tags")
            begun.add(stream)
            comments_follow.add(stream)
        elif stream not in begun:
            report.cannot("tags")
        elif stream in comments_follow:
            comments_follow.remove(stream)
            body = _read(file, begin, end - begin)
            emptied = _without_comments(body, table, report)
            if emptied is None:
                report.cannot("tags")
            elif emptied != body:
                page = head[:22] + bytes(4) + head[26:] + table + emptied
                patches.append((at, page[:22] + struct.pack("<I", _ogg_sum(page)) + page[26:]))
        at = end
    return report.cleaned(*_patched(size, patches))


def _without_comments(body: bytes, table: bytes, report: Report) -> bytes | None:
    """Return a page with no comments; None where it has none, or they go on over its end."""
    sign = next((one for one in (b"\x03vorbis", b"OpusTags") if body.startswith(one)), b"")
    ends = next((number for number, piece in enumerate(table) if piece < 255), None)
    if not sign or ends is None:
        return None
    packet = body[: sum(table[: ends + 1])]
    at = len(sign)
    if at + 8 > len(packet):
        raise _damaged()
    (vendor,) = struct.unpack_from("<I", packet, at)
    end = at + 4 + vendor
    if end + 4 > len(packet):
        raise _damaged()
    (count,) = struct.unpack_from("<I", packet, end)
    for entry in _vorbis_comments(packet, end + 4, count):
        name, _, value = entry.partition("=")
        code = "author" if name.upper() in ("ARTIST", "COMPOSER", "PERFORMER") else "tags"
        report.removed(code, value if code == "author" else name)
    frame = b"\x01" if sign == b"\x03vorbis" else b""
    new = (packet[:end] + bytes(4) + frame).ljust(len(packet), b"\0")
    if new != packet and not count:
        report.removed("tags")
    return new + body[len(packet) :]


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
_SAYING = {
    b"udta", b"meta", b"uuid", b"prfl", b"loci", b"cprt", b"xml ", b"bxml", b"kywd", b"titl",
    b"dscp", b"auth", b"perf", b"gnre", b"yrrc", b"albm", b"clsf", b"rtng", b"prft", b"emsg",
}  # fmt: skip
_EMPTY = {b"free", b"skip", b"wide"}
_WITH_DATES = {b"mvhd", b"tkhd", b"mdhd"}
_SHOWN_TRACKS = {b"vide", b"soun", b"tmcd", b"auxv", b"hint"}
# What shows the film and says nothing.
_SILENT = {
    b"ftyp", b"styp", b"mdat", b"sidx", b"ssix", b"mfra", b"pdin", b"iods", b"mehd", b"trex",
    b"trep", b"leva", b"tref", b"trgr", b"tapt", b"elst", b"load", b"elng", b"vmhd", b"smhd",
    b"hmhd", b"nmhd", b"gmhd", b"stsd", b"stts", b"ctts", b"cslg", b"stss", b"stps", b"stsc",
    b"stsz", b"stz2", b"stco", b"co64", b"stsh", b"sdtp", b"padb", b"sbgp", b"sgpd", b"subs",
    b"saiz", b"saio", b"mfhd", b"tfhd", b"tfdt", b"trun", b"ctab", b"clip", b"matt", b"kmat",
}  # fmt: skip


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
        elif length == 0 and not depth:
            length = end - at
        if length < start - at or at + length > end:
            if depth or _is_empty(file, at, end):
                break
            raise _damaged()
        after = at + length
        if name in _SAYING:
            content = _read(file, start, after - start)
            patches += [(at + 4, b"free"), (start, bytes(after - start))]
            for word in _film_words(content):
                report.removed("tags", word)
            report.removed("tags")
        elif name in _EMPTY:
            _wipe(file, start, after, report, patches)
        elif name in _WITH_DATES:
            wide = _read(file, start, 1) == b"\1"
            times = _read(file, start + 4, 16 if wide else 8)
            if any(times):
                patches.append((start + 4, bytes(len(times))))
        elif name == b"hdlr":
            kind = _read(file, start + 8, 4)
            if kind not in _SHOWN_TRACKS and kind not in (b"alis", b"url ", b"mdir", b"mdta"):
                report.cannot("data_track", kind.decode("latin-1"))
            _wipe(file, min(start + 24, after), after, report, patches)
        elif name == b"stsd":
            _wipe_makers(file, start + 8, after, report, patches)
        elif name == b"dinf":
            # One entry that says no more than "in this file": its flag, and an empty address.
            entry = _read(file, start, after - start)[16:]
            if len(entry) > 64 or entry[11:12] != b"\1" or any(entry[12:]):
                report.cannot("tags", "dinf")
        elif name in _CONTAINERS:
            _boxes(file, start, after, report, patches, depth + 1)
        elif name not in _SILENT:
            report.cannot("tags", name.decode("latin-1"))
        at = after
    # QuickTime ends its lists with four zeros.
    if not _is_empty(file, at, end):
        report.cannot("tags")


def _wipe_makers(
    file: IO[bytes], at: int, end: int, report: Report, patches: list[tuple[int, bytes]]
) -> None:
    """Overwrite the name of the encoder, which is that of the camera in some, for each video."""
    while at + 86 <= end:
        length = int.from_bytes(_read(file, at, 4), "big")
        if length >= 86 and _read(file, at + 4, 4) in _VIDEO:
            _wipe(file, at + 50, at + 82, report, patches)
        at += max(length, 8)


_VIDEO = {
    b"avc1", b"avc3", b"hvc1", b"hev1", b"dvh1", b"dvhe", b"mp4v", b"av01", b"vp08", b"vp09",
    b"jpeg", b"mjpa", b"mjpb", b"apch", b"apcn", b"apcs", b"apco", b"ap4h", b"s263", b"h263",
}  # fmt: skip


def _wipe(
    file: IO[bytes], at: int, end: int, report: Report, patches: list[tuple[int, bytes]]
) -> None:
    """Overwrite words that stand where a program left room, or its name."""
    if at >= end or _is_empty(file, at, end):
        return
    report.removed("tags")
    while at < end:
        patches.append((at, bytes(min(end - at, MOST_READ))))
        at += MOST_READ


def _film_words(content: bytes) -> list[str]:
    found = re.findall(rb"data\0\0\0\x01\0\0\0\0([\x20-\x7e\x80-\xff]{2,200})", content)
    return [one.decode("utf-8", "ignore") for one in found[:20]]


# --- WebM (RFC 8794, RFC 9559): likewise, as void ------------------------------------------------

_HEAD, _SEGMENT, _CLUSTER, _INFO = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1549A966
_TAGS, _ATTACHMENTS, _CHAPTERS = 0x1254C367, 0x1941A469, 0x1043A770
_TRACKS, _TRACK, _TYPE, _VOID, _CRC = 0x1654AE6B, 0xAE, 0x83, 0xEC, 0xBF
# Of each element that is looked into: what shows the film, and what says something.
_INSIDE: dict[int, tuple[set[int], set[int]]] = {
    0: ({_HEAD, _SEGMENT}, set()),
    _SEGMENT: ({_INFO, _TRACKS, _CLUSTER, 0x114D9B74, 0x1C53BB6B},
               {_TAGS, _ATTACHMENTS, _CHAPTERS}),
    # Title, date, file names, their numbers, families.
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
_PROGRAMS = {0x4D80, 0x5741}  # which must be there, and may be empty


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
    shown, saying = _INSIDE[kind]
    while at + 2 <= end:
        head = _read(file, at, 12)
        name, used = _number(head, marked=True)
        length, more = _number(head[used:], marked=False)
        if not used or not more:
            break
        start = at + used + more
        unknown = length == (1 << 7 * more) - 1
        after = end if unknown else min(start + length, end)
        if name == _VOID or name in _PROGRAMS:
            _wipe(file, start, after, report, patches)
        elif name == _CRC or name in saying:
            if name != _CRC:  # it may not hold any longer
                report.removed("attachment" if name == _ATTACHMENTS else "tags")
            patches.append((at, _void(after - at)))
        elif name not in shown or (unknown and name == _CLUSTER):
            report.cannot("tags")  # a stream of no known end: its tags cannot be found
            return
        elif name == _TYPE:
            if _read(file, start, after - start) not in (b"\1", b"\2"):
                report.cannot("data_track")
        elif name in _INSIDE:
            _elements(file, start, after, report, patches, name)
        at = after
    if not _is_empty(file, at, end):
        report.cannot("tags")


def _void(length: int) -> bytes:
    if length < 9:
        return bytes([_VOID, 0x80 | length - 2]) + bytes(length - 2)
    return b"\xec\x01" + (length - 9).to_bytes(7, "big") + bytes(length - 9)


def _number(data: bytes, *, marked: bool) -> tuple[int, int]:
    """Return a number of EBML and how many bytes it takes."""
    if not data or not data[0]:
        return 0, 0
    width = 9 - data[0].bit_length()
    if len(data) < width:
        return 0, 0
    value = int.from_bytes(data[:width], "big")
    return (value if marked else value & (1 << 7 * width) - 1), width
