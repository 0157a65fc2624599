"""What cameras store in pictures: the orientation, and colour profiles made from primaries.

The profiles follow ICC.1:2001-04 (version 2 of the format), sections 6.1 to 6.5, with a gamma of
2.2.
"""

import struct

from PIL import Image

# EXIF orientation → how to turn an upright picture into it.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

GAMMA = 2.2
# Colorants adapted to D50, as X, Y and Z of red, green and blue.
PRIMARIES = {
    "Display P3": [
        (0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407),
    ],
    "Adobe RGB": [
        (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457),
    ],
}  # fmt: skip
D50 = (0.9642, 1.0, 0.8249)
# From XYZ under D50 to linear sRGB (IEC 61966-2-1, adapted by Bradford).
TO_SRGB = [(3.1339, -1.6169, -0.4906), (-0.9788, 1.9161, 0.0335), (0.0719, -0.2290, 1.4052)]


def profile(name: str) -> bytes:
    """Return an ICC profile of a colour space."""

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(GAMMA * 256)) + b"\0\0"
    label = name.encode() + b"\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(label)) + label + b"\0" * 78
    red, green, blue = PRIMARIES[name]
    tags = {
        b"desc": described, b"cprt": b"text\0\0\0\0none\0", b"wtpt": xyz(D50), b"rXYZ": xyz(red),
        b"gXYZ": xyz(green), b"bXYZ": xyz(blue), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve,
    }  # fmt: skip
    table, data = struct.pack(">I", len(tags)), b""
    begins = 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", begins + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    size = begins + len(data)
    head = struct.pack(">I4sI4s4s4s12s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ",
                       b"\x07\xea\0\x01\0\x01\0\0\0\0\0\0", b"acsp")  # fmt: skip
    head += b"\0" * (68 - len(head)) + b"".join(struct.pack(">i", round(v * 65536)) for v in D50)
    return head + b"\0" * (128 - len(head)) + table + data


def in_srgb(name: str, pixel: tuple[int, int, int]) -> tuple[int, ...]:
    """Return a pixel of a colour space in sRGB, clipped to the range of sRGB."""
    linear = [(value / 255) ** GAMMA for value in pixel]
    xyz = [
        sum(p[axis] * v for p, v in zip(PRIMARIES[name], linear, strict=True)) for axis in range(3)
    ]
    seen = [min(max(sum(m * v for m, v in zip(row, xyz, strict=True)), 0), 1) for row in TO_SRGB]
    return tuple(
        round(255 * (12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055)) for v in seen
    )
