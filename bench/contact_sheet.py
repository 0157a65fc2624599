"""Draws the renditions of every camera orientation and colour profile on one sheet, to compare.

python bench/contact_sheet.py sheet.png
"""

import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image, ImageDraw  # noqa: E402

from assets.pictures import Rights, renditions  # noqa: E402
from tests.cameras import PRIMARIES, TURNS, profile  # noqa: E402

IMAGES = ROOT / "tests" / "data" / "images"


def saved(picture: Image.Image, format: str = "PNG", **how) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **how)
    return out.getvalue()


def cases() -> dict[str, bytes]:
    """Return one scene in many orientations, colour profiles and formats, and the test samples."""
    scene = Image.open(IMAGES / "landscape_1.jpg").convert("RGB")
    found = {"as it is": saved(scene, "JPEG")}
    for number in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        found[f"orientation {number}"] = saved(scene.transpose(TURNS[number]), "JPEG", exif=exif)
    for space in PRIMARIES:
        found[space] = saved(scene, icc_profile=profile(space))
    grey = scene.convert("L")
    deep = Image.frombytes("I;16", grey.size, bytes(b for v in grey.tobytes() for b in (v, v)))
    transparent = scene.copy()
    transparent.putalpha(Image.radial_gradient("L").resize(scene.size).point(lambda v: 255 - v))
    found |= {
        "CMYK": saved(scene.convert("CMYK"), "JPEG"), "palette": saved(scene.quantize(64)),
        "16 bits, grey": saved(deep), "transparent": saved(transparent),
        "LAB": saved(lab(scene), "TIFF"),
    }  # fmt: skip
    for path in sorted(IMAGES.iterdir()):
        if path.suffix != ".md":
            found[path.name] = path.read_bytes()
    return found


def lab(picture: Image.Image) -> Image.Image:
    from PIL import ImageCms

    srgb, space = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.profileToProfile(picture, srgb, space, outputMode="LAB")


def main() -> None:
    wide, high, across = 240, 215, 6
    shown = []
    for name, content in cases().items():
        try:
            made = {(r.style, r.extension): r for r in renditions(io.BytesIO(content), Rights())}
        except ValueError as refused:
            shown.append((f"{name}: {refused}", None))
            continue
        cut = made["column-480", "avif" if "avif" in name else "webp"]
        shown.append((name, Image.open(io.BytesIO(cut.content)).convert("RGBA")))
    rows = -(-len(shown) // across)
    sheet = Image.new("RGB", (across * wide, rows * high), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (name, picture) in enumerate(shown):
        x, y = number % across * wide, number // across * high
        pen.text((x + 6, y + 4), name[:38], fill="black")
        if picture:
            picture.thumbnail((wide - 12, high - 32))
            sheet.paste(picture, (x + 6, y + 22), picture)
        else:
            pen.text(
                (x + 6, y + 22), "\n".join(name[i : i + 36] for i in range(38, 180, 36)), "red"
            )
    sheet.save(sys.argv[1] if len(sys.argv) > 1 else "sheet.png")


if __name__ == "__main__":
    main()
