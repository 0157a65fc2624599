"""Shows which uploads are accepted or rejected, the reason, and the time and memory.

Each file is opened in the sandbox, with the limits of the settings. Without a folder, it uses the
samples of the tests and some hostile files.

    python bench/uploads.py [folder]
"""

import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import django  # noqa: E402
from django.conf import settings  # noqa: E402
from PIL import Image  # noqa: E402

from assets import sandbox  # noqa: E402
from assets.messages import BadFileError  # noqa: E402

LIMITS = sandbox.Limits(megapixels=100, seconds=2, megabytes=300)  # the defaults of the settings


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    pixels = zlib.compress(b"\0" * (width * 3 + 1) * height, 9)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def saved(picture: Image.Image, format: str, **how) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **how)
    return out.getvalue()


def hostile_files() -> dict[str, bytes]:
    """Return hostile files. They are generated, because they are too large to commit."""
    noise = Image.effect_noise((5000, 4000), 90)
    photo = saved(noise.convert("RGB"), "JPEG", quality=90)
    script = b"<script>alert(document.domain)</script><?php system($_GET[0]); ?>"
    return {
        "PNG bomb, 81 megapixels in 240 kB": png_that_claims(9000, 9000),
        "PNG that claims 4,295 megapixels": png_that_claims(1, 1).replace(
            b"\0\0\0\x01\0\0\0\x01\x08\x02", b"\0\0\xff\xff\0\0\xff\xff\x08\x02"
        ),
        "20 megapixels of noise, JPEG": photo,
        "the same, cut in half": photo[: len(photo) // 2],
        "the same, a PDF and a ZIP behind it": photo + b"%PDF-1.7\n%%EOF\nPK\x05\x06" + b"\0" * 18,
        "the same, with a script as comment": saved(
            noise.convert("RGB"), "JPEG", quality=90, comment=script * 900
        ),
        "20 megapixels of noise, WebP": saved(noise.convert("RGB"), "WEBP", method=0),
        "20 megapixels of noise, TIFF, LZW": saved(
            noise.convert("RGB"), "TIFF", compression="tiff_lzw"
        ),
        "a page": b"<!doctype html>" + script,
        "a page that begins as a GIF": b"GIF89a" + script,
        "an SVG that begins as a comment": b"<!-- " + b"x" * 400 + b" --><svg onload='x'/>",
        "nothing": b"",
    }


def run_once(path: str) -> None:
    settings.configure(USE_I18N=False)
    django.setup()
    begun = time.perf_counter()
    try:
        with open(path, "rb") as file:
            facts = sandbox.inspect(file, LIMITS)
        size = f", {facts.width} × {facts.height}" if facts.width else ""
        verdict = f"accepted: {facts.kind}, {facts.extension}{size}"
        verdict += "".join(f" · {warning}" for warning in facts.warnings)
    except BadFileError as refused:
        verdict = f"refused: {refused}"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    milliseconds = (time.perf_counter() - begun) * 1000
    cost = {
        "ms": milliseconds,
        "seconds": used.ru_utime + used.ru_stime,
        "megabytes": used.ru_maxrss / 1024,
    }
    print(json.dumps(cost | {"verdict": verdict}))


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        run_once(sys.argv[2])
        return
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "data" / "images"
    with tempfile.TemporaryDirectory() as folder:
        files = {p.name: p for p in sorted(given.rglob("*")) if p.is_file() and p.suffix != ".md"}
        for number, (name, content) in enumerate(hostile_files().items()):
            files[name] = Path(folder) / str(number)
            files[name].write_bytes(content)
        print(f"{'ms':>6} {'CPU s':>6} {'MB':>5}  result")
        for name, path in files.items():
            command = [sys.executable, __file__, "--one", path]
            out = subprocess.run(command, capture_output=True, text=True, check=True)
            answer = json.loads(out.stdout)
            figures = f"{answer['ms']:6.0f} {answer['seconds']:6.2f} {answer['megabytes']:5.0f}"
            print(f"{figures}  {name}: {answer['verdict']}")


if __name__ == "__main__":
    main()
