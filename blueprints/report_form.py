"""The form of Settings > Reports: as it was filled in, and what it asks for; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from blueprints.forms import one_line
from models import EmptyDay, Frequency
from services.email_addresses import email_key
from services.report_recipients import RecipientView, RecipientWish
from services.report_settings import ReportSettingsView, ReportWish

#: The field of a row is named after its address, so that no row is taken for another.
ROW = "rhythm:"
REMOVE = "remove"
MOST_CHARACTERS = 100
#: People type a line for each address, or paste what a mail program writes between them.
_BETWEEN = re.compile(r"\r?\n|[,;]")


@dataclass(frozen=True, slots=True)
class Entered:
    """The form as it stands, whether it can be stored or not.

    `choices` are the rows that were chosen from, by address; `added` is what was typed.
    """

    is_on: bool
    hour: str
    zone: str
    on_empty_day: EmptyDay
    choices: Mapping[str, str] = field(default_factory=dict)
    added: str = ""
    added_frequency: Frequency = Frequency.DAILY

    @classmethod
    def of(cls, view: ReportSettingsView) -> Entered:
        """Return the form of what is stored."""
        return cls(
            is_on=view.is_on,
            hour=str(view.local_hour),
            zone=view.zone,
            on_empty_day=view.on_empty_day,
        )

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Entered:
        """Return what was sent; what no form of ours could send counts as not sent."""
        empty, frequency = form.get("empty", ""), form.get("frequency", "")
        return cls(
            is_on="on" in form,
            hour=form.get("hour", "").strip()[:8],
            zone=one_line(form.get("zone", ""))[:MOST_CHARACTERS],
            on_empty_day=EmptyDay(empty) if empty in set(EmptyDay) else EmptyDay.SKIP,
            choices={
                name.removeprefix(ROW): value
                for name, value in form.items()
                if name.startswith(ROW) and value in {*Frequency, REMOVE}
            },
            added=form.get("recipients", ""),
            added_frequency=Frequency(frequency)
            if frequency in set(Frequency)
            else Frequency.DAILY,
        )

    def choice(self, recipient: RecipientView) -> str:
        """Return what stands in the row: what was chosen there, else what is stored."""
        return self.choices.get(recipient.address, recipient.frequency.value)

    def wish(self, recipients: Sequence[RecipientView]) -> ReportWish:
        """Return what is asked for. Only a row that was chosen from leaves the list.

        So nobody is taken off who was put on it after the page was opened. Of an address that is
        typed and on the list already, the row decides.
        """
        return ReportWish(
            is_on=self.is_on,
            local_hour=int(self.hour) if self.hour.isdecimal() else -1,
            zone=self.zone,
            on_empty_day=self.on_empty_day,
            recipients=(*self._kept(recipients), *self._new(recipients)),
        )

    def typed_again(self, recipients: Sequence[RecipientView]) -> tuple[str, ...]:
        """Return the addresses on the list that were typed all the same."""
        typed = {email_key(text) for text in self._typed()}
        return tuple(
            each.address for each in _listed(recipients) if email_key(each.address) in typed
        )

    def differs_from(self, view: ReportSettingsView) -> bool:
        """Say whether something stands in the form that is not stored."""
        stored = Entered.of(view)
        is_chosen = any(self.choice(each) != each.frequency for each in view.recipients)
        return is_chosen or bool(self.added.strip()) or self._fields() != stored._fields()

    def _fields(self) -> tuple[object, ...]:
        return self.is_on, self.hour, self.zone, self.on_empty_day

    def _typed(self) -> Iterator[str]:
        return (text for text in _BETWEEN.split(self.added) if text.strip(" "))

    def _new(self, recipients: Sequence[RecipientView]) -> Iterator[RecipientWish]:
        listed = {email_key(each.address) for each in _listed(recipients)}
        for text in self._typed():
            if email_key(text) not in listed:
                yield RecipientWish(text, self.added_frequency)

    def _kept(self, recipients: Sequence[RecipientView]) -> Iterator[RecipientWish]:
        for recipient in recipients:
            choice = self.choice(recipient)
            is_user, is_listed = bool(recipient.name), recipient.public_id is not None
            if choice == REMOVE:
                if is_user:
                    yield RecipientWish(recipient.address, Frequency.OFF)
            elif is_listed or choice != Frequency.OFF:
                yield RecipientWish(recipient.address, Frequency(choice))


def _listed(recipients: Sequence[RecipientView]) -> Iterator[RecipientView]:
    return (each for each in recipients if each.public_id is not None)
