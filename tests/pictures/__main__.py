"""Write every screen as a PNG: `make screenshots [ONLY=undo] [LOOKS=light-1280] [TO=folder]`.

`make pictures` writes those that the documents show.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Error as BrowserError

from tests.browser.chromium import CHROMIUM, MISSING
from tests.browser.places import PLACES, Place
from tests.pictures.album import write_album
from tests.pictures.camera import Camera, set_up, take, take_all
from tests.pictures.documents import FOLDER, PICTURES
from tests.pictures.looks import LOOKS, Look, choose_looks, file_name
from tests.pictures.mails import MAILS
from tests.pictures.palette import with_palette

EVERYTHING: Mapping[str, Place] = {**PLACES, **MAILS}


def main() -> int:
    """Write the pictures; return 1 when a place had trouble."""
    wanted = _wanted()
    began_s = time.monotonic()
    if CHROMIUM is None:
        sys.stderr.write(f"{MISSING}\n")
        return 1
    with set_up() as camera:
        if wanted.documents:
            troubles = [_document(camera, name) for name in wanted.names]
        else:
            wanted.to.mkdir(parents=True, exist_ok=True)
            looks = choose_looks(wanted.looks)
            troubles = [
                _screen(camera, name, looks=looks, folder=wanted.to) for name in wanted.names
            ]
            sys.stdout.write(f"{write_album(wanted.to, EVERYTHING)}\n")
    sys.stderr.writelines(f"{trouble}\n" for trouble in troubles if trouble)
    sys.stdout.write(f"{len(troubles)} places in {time.monotonic() - began_s:.0f} s\n")
    return int(any(troubles))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--only", default="", help="part of a place's or a picture's name")
    parser.add_argument("--looks", default="", help="as in dark-390,light")
    parser.add_argument("--to", type=Path, default=Path("screenshots"))
    parser.add_argument("--documents", action="store_true", help="write docs/pictures instead")
    wanted = parser.parse_args()
    every = PICTURES if wanted.documents else EVERYTHING
    wanted.names = [name for name in every if wanted.only in name]
    if not (wanted.names and choose_looks(wanted.looks)):
        looks = ", ".join(map(str, LOOKS))
        parser.error(f"there are these places: {', '.join(every)}; and these looks: {looks}")
    return wanted


def _screen(camera: Camera, name: str, *, looks: Sequence[Look], folder: Path) -> str | None:
    """Write the pictures of one place; return what went wrong there."""
    try:
        with camera.at(EVERYTHING[name], looks[0]) as page:
            for look in looks:
                take_all(page, folder / file_name(name, look), look)
    except (AssertionError, BrowserError) as error:
        return f"{name}: {error}"
    return None


def _document(camera: Camera, name: str) -> str | None:
    """Write one picture of the documents; return what went wrong."""
    picture = PICTURES[name]
    try:
        with camera.at(picture.place, Look("light", picture.width, picture.height)) as page:
            (FOLDER / f"{name}.png").write_bytes(with_palette(take(page)))
    except (AssertionError, BrowserError) as error:
        return f"{name}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
