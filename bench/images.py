"""Measures processor time and peak memory for all renditions of a 24-megapixel JPEG.

It compares our code with plain Pillow and libvips in one run. Each has its own process, one after
the other, for several rounds. The results are medians. Compare the ratios: the seconds depend on
the machine.

    make bench                          with a generated picture
    python bench/images.py photo.jpg    with your own picture

Plain: for each rendition, open the file, turn it upright, resize and save. One decode: the same,
but the original is decoded only once. libvips: `thumbnail` from the file for each rendition, which
only decodes what it needs. Its encoders have the same quality and effort as ours.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from PIL import Image, ImageOps  # noqa: E402

from assets import pictures  # noqa: E402

ROUNDS = 5
WAYS = ["ours", "plain", "one decode", "libvips"]
FORMATS = {"jpg": "JPEG", "webp": "WEBP", "avif": "AVIF"}


def wanted() -> list[tuple[str, pictures.Style, str]]:
    return [(n, style, e) for n, style in pictures.STYLES.items() for e in style.formats]


def ours(path: str) -> int:
    with open(path, "rb") as file:
        return sum(len(made.content) for made in pictures.renditions(file, pictures.Rights("AFP")))


def by_pillow(picture: Image.Image, style: pictures.Style, extension: str) -> int:
    if style.width and style.height:
        picture = ImageOps.fit(picture, (style.width, style.height), Image.Resampling.LANCZOS)
    elif style.width:
        height = round(picture.height * style.width / picture.width)
        picture = picture.resize((style.width, height), Image.Resampling.LANCZOS)
    out = BytesIO()
    quality = pictures.SAVE_AS[extension]["quality"]
    picture.save(out, FORMATS[extension], quality=quality)
    return out.tell()


def plain(path: str) -> int:
    total = 0
    for _, style, extension in wanted():
        with Image.open(path) as picture:
            total += by_pillow(ImageOps.exif_transpose(picture), style, extension)
    return total


def one_decode(path: str) -> int:
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture)
        return sum(by_pillow(upright, style, extension) for _, style, extension in wanted())


def libvips(path: str) -> int:
    import pyvips

    pyvips.cache_set_max(0)
    save = {
        "jpg": {"Q": 84, "optimize_coding": True, "interlace": True},
        "webp": {"Q": 80, "effort": 2},
        "avif": {"Q": 60, "effort": 0, "compression": "av1"},
    }
    endings = {"jpg": ".jpg", "webp": ".webp", "avif": ".avif"}
    total = 0
    for name, style, extension in wanted():
        if style.width is None:
            picture = pyvips.Image.new_from_file(path, access="sequential").autorot()
        elif style.height is None:
            picture = pyvips.Image.thumbnail(path, style.width, height=100_000)
        else:
            picture = pyvips.Image.thumbnail(
                path, style.width, height=style.height, crop=pyvips.Interesting.CENTRE
            )
        options = dict(save[extension])
        if name == "press":  # like ours: the quality of the original
            options = {"Q": 92}
        total += len(picture.write_to_buffer(endings[extension], keep="none", **options))
    return total


def photo(path: Path) -> None:
    """Save a picture of 6000 × 4000 pixels with light, detail and grain, like a photo."""
    size = (6000, 4000)
    light = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").resize(size),
            Image.radial_gradient("L").resize(size),
            Image.linear_gradient("L").rotate(90).resize(size),
        ],
    )
    detail = Image.effect_noise((1500, 1000), 90).resize(size, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(size, 18)
    texture = Image.blend(detail, grain, 0.5).convert("RGB")
    Image.blend(light, texture, 0.3).save(path, "JPEG", quality=92)


def measure(way: str, path: str) -> dict[str, float]:
    out = subprocess.run(
        [sys.executable, __file__, "--one", way, path],
        capture_output=True, text=True, check=True, env={"VIPS_CONCURRENCY": "1"},
    )  # fmt: skip
    return json.loads(out.stdout)


def run_once(way: str, path: str) -> None:
    total = {"ours": ours, "plain": plain, "one decode": one_decode, "libvips": libvips}[way](path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "seconds": used.ru_utime + used.ru_stime,
                "megabytes": used.ru_maxrss / 1024,
                "kilobytes": total / 1024,
            }
        )
    )


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        run_once(*sys.argv[2:])
        return
    if sys.argv[1:2] == ["--photo"]:
        photo(Path(sys.argv[2]))
        return
    ways = list(WAYS)
    try:
        import pyvips  # noqa: F401
    except (ImportError, OSError):
        ways.remove("libvips")
        print("libvips is not installed and was skipped: pip install 'pyvips[binary]'")
    with tempfile.TemporaryDirectory() as folder:
        path = sys.argv[1] if len(sys.argv) > 1 else f"{folder}/photo.jpg"
        if len(sys.argv) == 1:
            # In another process: the memory of this one counts in the peak of the processes that it
            # starts.
            subprocess.run([sys.executable, __file__, "--photo", path], check=True)
        with Image.open(path) as picture:
            megapixels = picture.width * picture.height / 1_000_000
        print(
            f"{megapixels:.1f} megapixels, {Path(path).stat().st_size / 1024 / 1024:.1f} MB, to "
            f"{len(wanted())} files of {len(pictures.STYLES)} styles; medians of {ROUNDS} rounds"
        )
        results: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way in ways:
                results[way].append(measure(way, path))
    medians = {
        way: {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
        for way, rounds in results.items()
    }
    best = medians["ours"]
    print(f"{'':12}{'CPU s':>8}{'ours is':>10}{'peak MB':>10}{'ours is':>10}{'kB total':>11}")
    for way, median in medians.items():
        print(
            f"{way:12}{median['seconds']:8.2f}{best['seconds'] / median['seconds']:9.2f}x"
            f"{median['megabytes']:10.0f}{best['megabytes'] / median['megabytes']:9.2f}x"
            f"{median['kilobytes']:11.0f}"
        )


if __name__ == "__main__":
    main()
