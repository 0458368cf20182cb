"""Write every screen as a PNG: `make screenshots [ONLY=review] [LOOKS=light-1280] [TO=folder]`."""

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
from tests.pictures.camera import Camera, set_up, take
from tests.pictures.looks import Look, choose_looks, file_name
from tests.pictures.mails import MAILS

EVERYTHING: Mapping[str, Place] = {**PLACES, **MAILS}


def main() -> int:
    """Write the pictures and a page to look through them; return 1 when a place had trouble."""
    wanted = _wanted()
    began_s = time.monotonic()
    if CHROMIUM is None:
        sys.stderr.write(f"{MISSING}\n")
        return 1
    looks = choose_looks(wanted.looks)
    places = {name: place for name, place in EVERYTHING.items() if wanted.only in name}
    wanted.to.mkdir(parents=True, exist_ok=True)
    with set_up() as camera:
        troubles = [
            trouble
            for name, place in places.items()
            if (trouble := _picture(camera, name, place, looks=looks, folder=wanted.to))
        ]
    album = write_album(wanted.to, EVERYTHING)
    sys.stderr.writelines(f"{trouble}\n" for trouble in troubles)
    seconds = time.monotonic() - began_s
    sys.stdout.write(f"{len(places) * len(looks)} pictures in {seconds:.0f} s: {album}\n")
    return int(bool(troubles))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--only", default="", help="part of a place's name")
    parser.add_argument("--looks", default="", help="as in dark-390,light")
    parser.add_argument("--to", type=Path, default=Path("screenshots"))
    return parser.parse_args()


def _picture(
    camera: Camera, name: str, place: Place, *, looks: Sequence[Look], folder: Path
) -> str | None:
    """Take the pictures of one place; return what went wrong there."""
    try:
        with camera.at(place, looks[0]) as page:
            for look in looks:
                take(page, folder / file_name(name, look), look)
    except (AssertionError, BrowserError) as error:
        return f"{name}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
