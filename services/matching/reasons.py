"""Why two customers could be the same, in words that a shop owner understands; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class ReasonCode(StrEnum):
    """What speaks for or against; kept with a suggestion, so words may change later."""

    SAME_NAME = "same_name"
    NEARLY_SAME_NAME = "nearly_same_name"
    SIMILAR_NAME = "similar_name"
    CONTAINED_NAME = "contained_name"
    SWAPPED_NAME = "swapped_name"
    ONE_OF_A_COUPLE = "one_of_a_couple"
    SAME_FIRST_NAME = "same_first_name"
    SHORT_FIRST_NAME = "short_first_name"
    FIRST_NAME_SLIP = "first_name_slip"
    SAME_INITIAL = "same_initial"
    SIMILAR_FIRST_NAME = "similar_first_name"
    SAME_LAST_NAME = "same_last_name"
    LAST_NAME_SLIP = "last_name_slip"
    SIMILAR_LAST_NAME = "similar_last_name"
    SAME_WORKPLACE = "same_workplace"
    SAME_CONTACT = "same_contact"
    CONTACT_FAMILY = "contact_family"
    SAME_EMAIL = "same_email"
    SAME_MAILBOX = "same_mailbox"
    SHARED_EMAIL = "shared_email"
    EMAIL_SLIP = "email_slip"
    SIMILAR_EMAIL = "similar_email"
    SAME_PHONE = "same_phone"
    SHARED_PHONE = "shared_phone"
    PHONE_SLIP = "phone_slip"
    SAME_ADDRESS = "same_address"
    NEARLY_SAME_ADDRESS = "nearly_same_address"
    SAME_STREET = "same_street"
    SAME_POSTCODE = "same_postcode"
    SAME_CITY = "same_city"
    SAME_TAX_NUMBER = "same_tax_number"
    TAX_NUMBER_SLIP = "tax_number_slip"
    DIFFERENT_NAME = "different_name"
    DIFFERENT_FIRST_NAME = "different_first_name"
    DIFFERENT_LAST_NAME = "different_last_name"
    OTHER_GENERATION = "other_generation"
    OTHER_SITE = "other_site"
    OTHER_NUMBER = "other_number"
    OTHER_WORKPLACE = "other_workplace"
    DIFFERENT_EMAIL = "different_email"
    DIFFERENT_PHONE = "different_phone"
    DIFFERENT_ADDRESS = "different_address"
    DIFFERENT_TAX_NUMBER = "different_tax_number"
    SEVERAL_FIT = "several_fit"
    ANOTHER_FITS_BETTER = "another_fits_better"


_PHRASES = {
    ReasonCode.SAME_NAME: "same name",
    ReasonCode.NEARLY_SAME_NAME: "nearly the same name",
    ReasonCode.SIMILAR_NAME: "similar name",
    ReasonCode.CONTAINED_NAME: "one name contains the other",
    ReasonCode.SWAPPED_NAME: "first and last name swapped",
    ReasonCode.ONE_OF_A_COUPLE: "one of a couple",
    ReasonCode.SAME_FIRST_NAME: "same first name",
    ReasonCode.SHORT_FIRST_NAME: "short form of the first name",
    ReasonCode.FIRST_NAME_SLIP: "first name spelled nearly the same",
    ReasonCode.SAME_INITIAL: "same initial",
    ReasonCode.SIMILAR_FIRST_NAME: "similar first name",
    ReasonCode.SAME_LAST_NAME: "same last name",
    ReasonCode.LAST_NAME_SLIP: "last name spelled nearly the same",
    ReasonCode.SIMILAR_LAST_NAME: "similar last name",
    ReasonCode.SAME_WORKPLACE: "same company",
    ReasonCode.SAME_CONTACT: "same contact person",
    ReasonCode.CONTACT_FAMILY: "contact person of the same last name",
    ReasonCode.SAME_EMAIL: "same e-mail",
    ReasonCode.SAME_MAILBOX: "same mailbox",
    ReasonCode.SHARED_EMAIL: "same e-mail (used by {count:,} customers)",
    ReasonCode.EMAIL_SLIP: "e-mail nearly the same",
    ReasonCode.SIMILAR_EMAIL: "similar e-mail",
    ReasonCode.SAME_PHONE: "same phone",
    ReasonCode.SHARED_PHONE: "same phone (used by {count:,} customers)",
    ReasonCode.PHONE_SLIP: "phone one digit off",
    ReasonCode.SAME_ADDRESS: "same address",
    ReasonCode.NEARLY_SAME_ADDRESS: "nearly the same address",
    ReasonCode.SAME_STREET: "same street",
    ReasonCode.SAME_POSTCODE: "same postcode",
    ReasonCode.SAME_CITY: "same town",
    ReasonCode.SAME_TAX_NUMBER: "same tax number",
    ReasonCode.TAX_NUMBER_SLIP: "tax number one digit off",
    ReasonCode.DIFFERENT_NAME: "different name",
    ReasonCode.DIFFERENT_FIRST_NAME: "different first name",
    ReasonCode.DIFFERENT_LAST_NAME: "different last name",
    ReasonCode.OTHER_GENERATION: "Jr or Sr differs",
    ReasonCode.OTHER_SITE: "another address in the name",
    ReasonCode.OTHER_NUMBER: "another number in the name",
    ReasonCode.OTHER_WORKPLACE: "different company",
    ReasonCode.DIFFERENT_EMAIL: "different e-mail",
    ReasonCode.DIFFERENT_PHONE: "different phone",
    ReasonCode.DIFFERENT_ADDRESS: "different address",
    ReasonCode.DIFFERENT_TAX_NUMBER: "different tax number",
    ReasonCode.SEVERAL_FIT: "more than one customer fits",
    ReasonCode.ANOTHER_FITS_BETTER: "another customer fits better",
}
#: With one holder it is another extension, or only the last digits agree.
_PHRASES_ALONE = {
    ReasonCode.SHARED_EMAIL: "same e-mail",
    ReasonCode.SHARED_PHONE: "phone nearly the same",
}
_AGAINST = frozenset(list(ReasonCode)[list(ReasonCode).index(ReasonCode.DIFFERENT_NAME) :])


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for or against. `count` customers of one list have what is shared."""

    code: ReasonCode
    count: int = 1

    @property
    def is_against(self) -> bool:
        """Say whether this speaks against a link."""
        return self.code in _AGAINST

    @property
    def phrase(self) -> str:
        """Return a few words, to stand in a list of such."""
        if self.count == 1 and self.code in _PHRASES_ALONE:
            return _PHRASES_ALONE[self.code]
        return _PHRASES[self.code].format(count=self.count)


def explain(reasons: Sequence[Reason]) -> str:
    """Return one sentence: what speaks for it, then what speaks against."""
    supporting = _listed([reason.phrase for reason in reasons if not reason.is_against])
    opposing = _listed([reason.phrase for reason in reasons if reason.is_against])
    sentence = ", but ".join(filter(None, (supporting, opposing))) or "little in common"
    return f"{sentence[0].upper()}{sentence[1:]}."


def _listed(phrases: list[str]) -> str:
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"
