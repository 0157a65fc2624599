"""Makes the pictures of docs/editing.md and README.md again: `make pictures`.

It loads the demo newsroom into a temporary folder, serves it, performs the steps of the handbook in
Chromium, and writes the pictures into this folder, those of README.md into the one above. It takes
two minutes.
"""

import contextlib
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

TODAY = datetime.now(ZoneInfo("Europe/London")).date()
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
WIDE, PHONE = (1280, 900), (390, 844)
MAX_BYTES = 60_000  # of a picture
QUALITIES = (80, 70, 60, 50)  # of WebP; the first one that is small enough is used
AROUND = 14  # CSS pixels around the elements that a picture shows
TITLE = "Valdria: Printer Edda Marrowin must be charged or freed"
STANDFIRST = "Six months after her arrest she is held without a charge and without a trial."
TEXT = [
    "Edda Marrowin, a printer, has been held in Valdria for six months without a charge, "
    "Lantern Watch said today.",
    "Maren Tolvik, Director of Lantern Watch, said:",
    "“Nobody has told Edda Marrowin what she is accused of. A printer sets the words of other "
    "people; that is no crime.”",
    "Lantern Watch calls on the authorities of Valdria to charge her with a recognised offence or "
    "to release her.",
]
PROTECTED = "The student Ilian Dorvath is still missing."


@contextlib.contextmanager
def newsroom() -> Iterator[tuple[str, dict[str, str]]]:
    """Serve the demo newsroom from a temporary folder. Yield its URL and the users' passwords."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # The Makefile sets the other variables of `make demo`. Database and files are temporary.
        own = {"DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3", "MEDIA_ROOT": f"{folder}/media"}
        manage = [sys.executable, str(ROOT / "manage.py")]
        subprocess.run([*manage, "migrate", "--verbosity", "0"], env=os.environ | own, check=True)
        demo = subprocess.run(
            [*manage, "demo"], env=os.environ | own, check=True, capture_output=True, text=True
        )
        server = subprocess.Popen(
            [*manage, "runserver", "--noreload", "--verbosity", "0", f"127.0.0.1:{port}"],
            env=os.environ | own,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            while server.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield address, dict(re.findall(r"^  (\w+) +(\w+)", demo.stdout, re.MULTILINE))
        finally:
            server.terminate()
            server.wait()


class Camera:
    """A browser, and the pictures taken in it."""

    def __init__(self, browser: Browser, address: str, passwords: dict[str, str]) -> None:
        self.browser, self.address, self.passwords = browser, address, passwords

    def page(self, size: tuple[int, int] = WIDE) -> Page:
        """Return a page of a reader who is not signed in."""
        width, height = size
        return self.browser.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=1.5,
            color_scheme="light",
            locale="en-GB",
        )

    def desk(self, user: str, size: tuple[int, int] = WIDE) -> Page:
        """Return the desk of a user who has signed in."""
        page = self.page(size)
        page.goto(f"{self.address}/admin/")
        page.fill("#id_username", user)
        page.fill("#id_password", self.passwords[user])
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_load_state("networkidle")
        return page

    def keep(
        self, page: Page, name: str, *parts: str, height: int = 0, around: int = AROUND
    ) -> None:
        """Save a picture of parts of a page, or without parts, of its whole width.

        `around` is the space around the parts, in CSS pixels. `height` is the height of the
        picture in CSS pixels. Without it, the height is that of the parts or the screen.
        """
        page.evaluate("document.activeElement?.blur()")
        page.mouse.move(0, 0)
        page.wait_for_load_state("networkidle")
        if parts:
            boxes = [
                page.locator(part).first.evaluate(
                    "e => { const b = e.getBoundingClientRect();"
                    " return [b.left, b.top + scrollY, b.right, b.bottom + scrollY] }"
                )
                for part in parts
            ]
            left, top = (max(min(box[i] for box in boxes) - around, 0) for i in (0, 1))
            right, bottom = (max(box[i] for box in boxes) + around for i in (2, 3))
        else:
            viewport = page.viewport_size or {"width": 0, "height": 0}
            left, top, right, bottom = 0, 0, viewport["width"], viewport["height"]
        if height:
            bottom = top + height
        shot = page.screenshot(
            full_page=True,
            clip={"x": left, "y": top, "width": right - left, "height": bottom - top},
        )
        with Image.open(io.BytesIO(shot)) as image:
            for quality in QUALITIES:
                packed = io.BytesIO()
                image.convert("RGB").save(packed, "WEBP", quality=quality, method=6)
                if packed.tell() <= MAX_BYTES:
                    break
        (HERE / f"{name}.webp").write_bytes(packed.getvalue())


def readme(camera: Camera) -> None:
    """README.md: a release page and the form of a draft."""
    page = camera.page()
    page.goto(f"{camera.address}/releases/")
    open_release(page, "Eleven newspapers")
    camera.keep(page, "../release", height=960)
    page = camera.desk("author")
    open_release(page, "Still no word of student")
    camera.keep(page, "../desk")


def open_release(page: Page, words: str) -> None:
    page.get_by_role("link", name=re.compile(words)).first.click()
    page.wait_for_load_state("networkidle")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.wait_for_load_state("networkidle")


def write(camera: Camera) -> None:
    """Chapters 1 to 5: the desk, and a release up to its submission."""
    page = camera.desk("author")
    camera.keep(page, "desk", height=545)
    phone = camera.desk("publisher", PHONE)
    camera.keep(phone, "desk-phone")
    page.get_by_role("link", name="Write a release").click()
    page.fill("#id_title", TITLE)
    page.fill("#id_standfirst", STANDFIRST)
    page.fill("#id_dateline_place", "London")
    camera.keep(page, "write", "#content h1", ".submit-row", ".field-dateline_place")

    text = page.get_by_role("textbox", name="Text", exact=True)
    text.click()
    page.keyboard.insert_text(TEXT[0])
    for paragraph in TEXT[1:]:
        page.keyboard.press("Enter")
        page.keyboard.insert_text(paragraph)
    page.locator(".field-body .prose-menubar__selected").click()
    camera.keep(page, "headings", ".field-body .prose-menubar", height=320, around=4)
    page.keyboard.press("Escape")
    page.locator(".field-body .prose-menubar__selected").click()

    text.get_by_text("Nobody has told").click()
    page.get_by_role("button", name="Quotation").click()
    text.get_by_role("button", name="No speaker yet").click()
    page.fill("#newsroom-search", "Tolvik")
    page.locator("dialog .found button").nth(1).wait_for(state="detached")
    page.locator("dialog .found button", has_text="Maren Tolvik").click()
    camera.keep(page, "speaker", "dialog", around=0)
    page.get_by_role("button", name="Use").click()
    text.get_by_text("Lantern Watch calls").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(PROTECTED)
    page.get_by_role("button", name="This is Ilian Dorvath").wait_for()
    page.locator(".names li").nth(1).wait_for()
    camera.keep(page, "names", ".names")
    page.get_by_role("button", name="This is Edda Marrowin").click()
    save(page)
    camera.keep(page, "protected-name", "aside.panel section >> nth=0", ".panel .blockers")

    text.get_by_text(PROTECTED).click(click_count=3)
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    with Image.open(ROOT / "demo/pictures/printing-press.jpg") as drawing, io.BytesIO() as file:
        width, height = drawing.size
        # Cropped, so that it is not a duplicate of the demo's picture.
        drawing.crop((0, 0, width, height * 9 // 10)).save(file, "JPEG")
        upload = file.getvalue()
    page.set_input_files(
        "#attach-files", {"name": "street.jpg", "mimeType": "image/jpeg", "buffer": upload}
    )
    page.locator(".attached img").wait_for(timeout=60_000)
    page.get_by_role("button", name="Use as poster").click()
    camera.keep(page, "attached", "[data-drop=attached]")
    save(page)
    with page.expect_popup() as opened:
        page.locator(".attached b a").click()
    record = opened.value
    record.fill("#id_alt_text", "A closed printing house seen from the street.")
    record.fill("#id_caption", "The printing house, after it was closed.")
    record.fill("#id_credit_line", "Photo: Lantern Watch")
    camera.keep(record, "picture", "fieldset:has(#id_alt_text)")
    save(record)
    record.close()
    page.reload()
    page.get_by_role("link", name="Submit for approval").click()
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_load_state("networkidle")


def decide(camera: Camera) -> None:
    """Chapters 7 and 8: a scheduled release, and a journalist's link."""
    page = camera.desk("publisher")
    open_release(page, "Printer Edda Marrowin")
    camera.keep(page, "decide", "aside.panel section >> nth=0")
    page.get_by_role("link", name="Approve and schedule").click()
    approve = page.get_by_role("button", name="Approve and schedule")
    page.fill("#id_publish_at_0", clocks_go_back().isoformat())
    page.fill("#id_publish_at_1", "01:30")
    approve.click()
    camera.keep(page, "twice", ".action-form")
    page.fill("#id_publish_at_0", (TODAY + timedelta(days=7)).isoformat())
    page.fill("#id_publish_at_1", "00:01")
    approve.click()
    page.get_by_role("link", name="Issue links to journalists").click()
    page.fill(
        "#id_recipients", "Jane Doe, The Daily Example, jane@daily.example\nSam Roe, Radio Example"
    )
    page.get_by_role("button", name="Issue links").click()
    camera.keep(page, "links", ".of-release", "#content a.button")
    journalist = camera.page(PHONE)
    journalist.goto(page.locator("code").first.inner_text())
    camera.keep(journalist, "embargo-terms", ".terms", "header", height=752, around=0)


def clocks_go_back() -> date:
    """Return the last Sunday of October next year, when clocks in London go back."""
    day = date(TODAY.year + 1, 10, 31)
    return day - timedelta(days=(day.weekday() + 1) % 7)


def after(camera: Camera) -> None:
    """Chapter 9: a correction, a hold and its end."""
    page = camera.desk("publisher")
    open_release(page, "Poet Tavenu is free")
    page.fill("#id_correction", "An earlier version said 421 days. The correct number is 412.")
    camera.keep(page, "correction", "fieldset.signal")
    page.reload()
    page.get_by_role("button", name="Take offline now").click()
    page.goto(f"{camera.address}/admin/")
    open_release(page, "Poet Tavenu is free")
    camera.keep(page, "on-hold", "aside.panel section >> nth=0")


def import_and_people(camera: Camera) -> None:
    """Chapters 6 and 10: the import report about a real release, a person, a case."""
    page = camera.desk("editor")
    page.get_by_role("link", name="Import a release").click()
    page.set_input_files("#id_file", ROOT / "demo/uk-china-red-lines.txt")
    page.get_by_role("button", name="Check import").click()
    camera.keep(page, "import", "pre.report", height=440, around=0)
    page.goto(f"{camera.address}/admin/people/person/")
    open_release(page, "Edda Marrowin")
    camera.keep(page, "levels", "aside.panel")
    page.get_by_role("link", name="Change", exact=True).last.click()
    page.wait_for_load_state("networkidle")
    camera.keep(page, "case", "fieldset:has(#id_custody_status)")


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        sys.exit("Chromium is not installed. On Debian: apt install chromium")
    root = ["--no-sandbox"] if os.getuid() == 0 else []
    with newsroom() as (address, passwords), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=[*root, "--disable-gpu"])
        camera = Camera(browser, address, passwords)
        for chapters in (readme, write, decide, after, import_and_people):
            chapters(camera)
        browser.close()


if __name__ == "__main__":
    main()
