"""How a population is made up: who has no e-mail, who left, who came when; knows no provider."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from sandbox.people import WITHOUT_EMAIL_SHARE, EmailWish

Kind = TypeVar("Kind")

SPREAD = timedelta(days=730)
RARE_ROWS_EACH = 200


def mixed_kinds(size: int, model: Mapping[Kind, int], dice: random.Random) -> list[Kind]:
    """Return `size` times the first kind of a model, the others in its proportion; shuffled."""
    (counted, model_size), *others = model.items()
    kinds = [counted] * size
    for kind, amount in others:
        kinds += [kind] * round(size * amount / model_size)
    dice.shuffle(kinds)
    return kinds


def with_first(kind: Kind, kinds: list[Kind]) -> list[Kind]:
    """Move the first of a kind to the front, because others refer to one before them."""
    if kind in kinds:
        kinds.remove(kind)
        kinds.insert(0, kind)
    return kinds


def ages(amount: int, oldest: int, dice: random.Random) -> list[int]:
    """Return chance ages below `oldest`, in its unit, the oldest first."""
    return sorted((dice.randrange(oldest) for _ in range(amount)), reverse=True)


def creation_times(amount: int, last_day: datetime, dice: random.Random) -> list[datetime]:
    """Return when each was created: in the two years before `last_day`, ascending."""
    seconds = int(SPREAD.total_seconds())
    return [last_day - timedelta(seconds=age) for age in ages(amount, seconds, dice)]


def email_wishes(size: int, dice: random.Random) -> Iterator[EmailWish]:
    """Yield one wish per counted customer: exact numbers, at chance places."""
    rare = size // RARE_ROWS_EACH
    wishes = [EmailWish.NONE] * round(WITHOUT_EMAIL_SHARE * size)
    wishes += [EmailWish.UNUSABLE] * min(3, rare) + [EmailWish.SHARED] * min(6, rare)
    wishes += [EmailWish.USUAL] * (size - len(wishes))
    dice.shuffle(wishes)
    return iter(wishes)
