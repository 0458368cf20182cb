"""Answers that are good JSON with wrong values in it."""

import re
from datetime import datetime, timedelta
from typing import Any

from sandbox.faults import Fault
from sandbox.provider import Provider

PADDING_KEY = "Padding"
# QuickBooks says `time`, as text or in milliseconds; Xero `DateTimeUTC`; FreshBooks nothing.
TIME_KEYS = ("time", "DateTimeUTC")
_XERO_MOMENT = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")

KINDS = ("empty", "malformed", "size", "count_lie", "clock_skew")


def spoil_values(answer: Any, due: list[Fault], provider: Provider, *, is_list: bool) -> None:
    """Change an answer's JSON in place; only `is_list` ones are searched for customers."""
    if not isinstance(answer, dict):
        return
    for fault in sorted(due, key=lambda fault: KINDS.index(fault.fault)):
        if fault.fault == "clock_skew":
            _shift_time(answer, fault.settings["seconds"])
        elif not is_list:
            _malform(answer, [], fault)
        elif fault.fault == "empty":
            provider.make_empty(answer)
        elif fault.fault == "count_lie":
            provider.spoil_count(answer, fault.settings["n"])
        else:
            _malform(answer, provider.listed_rows(answer) or [], fault)


def _malform(answer: dict[str, Any], rows: list[dict[str, object]], fault: Fault) -> None:
    """Spoil rows; an answer without any, as that of a token, is one itself where it fits."""
    if fault.fault == "size":
        for row in rows:
            row[PADDING_KEY] = "x" * fault.settings["n"]
    elif fault.fault == "malformed" and rows:
        for row in rows[fault.settings["rows"] - 1 :: fault.settings["rows"]]:
            _set(row, fault, anywhere=True)
    elif fault.fault == "malformed":
        _set(answer, fault, anywhere=False)


def _set(place: Any, fault: Fault, *, anywhere: bool) -> None:
    """Follow a path of names and numbers, and change what it leads to."""
    *path, last = fault.settings["field"].split(".")
    for name in path:
        place = _inside(place, name)
    if isinstance(place, list) and last.isdigit() and int(last) < len(place):
        key: Any = int(last)
    elif isinstance(place, dict) and (anywhere or last in place):
        key = last
    else:
        return
    if not fault.settings["vanishes"]:
        place[key] = fault.settings["value"]
    elif isinstance(place, list) or key in place:
        del place[key]


def _inside(place: Any, name: str) -> Any:
    if isinstance(place, dict):
        return place.get(name)
    if isinstance(place, list) and name.isdigit() and int(name) < len(place):
        return place[int(name)]
    return None


def _shift_time(answer: dict[str, Any], seconds: float) -> None:
    for key in TIME_KEYS:
        told = answer.get(key)
        if isinstance(told, int):
            answer[key] = told + round(seconds * 1000)
        elif isinstance(told, str):
            answer[key] = _shifted(told, seconds)


def _shifted(told: str, seconds: float) -> str:
    xero = _XERO_MOMENT.fullmatch(told)
    if xero:
        return f"/Date({int(xero.group(1)) + round(seconds * 1000)}{xero.group(2) or ''})/"
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return told
    return (moment + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
