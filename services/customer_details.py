"""What a person enters about a customer, tidied and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.email_addresses import UnusableAddress, normalise_address
from services.plain_text import has_visible, plain_line

MAX_NAME_CHARACTERS = 500
MAX_PHONE_CHARACTERS = 100
UNREACHABLE = "This is not an e-mail address that mail could reach."


class BadDetails(Exception):
    """What was entered cannot be a customer; `errors` holds a sentence for each field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("the details of a customer cannot be")
        self.errors = errors


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What a person enters about a customer. An empty e-mail is none."""

    name: str
    company_name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""


def check_details(details: CustomerDetails) -> CustomerDetails:
    """Return the details tidied, the address normalised; changes nothing. Raises BadDetails."""
    name, company_name, phone, address = (
        plain_line(text, len(text))
        for text in (details.name, details.company_name, details.phone, details.address)
    )
    errors = {
        field: f"{noun} has at most {most} characters."
        for field, noun, text, most in (
            ("name", "A name", name, MAX_NAME_CHARACTERS),
            ("company_name", "A company name", company_name, MAX_NAME_CHARACTERS),
            ("phone", "A phone number", phone, MAX_PHONE_CHARACTERS),
            ("address", "An address", address, MAX_NAME_CHARACTERS),
        )
        if len(text) > most
    }
    if not has_visible(name):
        errors["name"] = "Enter a name."
    email = details.email.strip()
    try:
        email = normalise_address(email) if email else ""
    except UnusableAddress:
        errors["email"] = UNREACHABLE
    if errors:
        raise BadDetails(errors)
    return CustomerDetails(name, company_name, email, phone, address)


def check_email(text: str) -> str:
    """Return the address normalised; an empty one is refused, too. Raises BadDetails."""
    email = text.strip()
    try:
        return normalise_address(email)
    except UnusableAddress as error:
        raise BadDetails({"email": email_trouble(email)}) from error


def email_trouble(email: str) -> str:
    """Return what keeps the text from being an address, as a sentence."""
    before, at, after = email.rpartition("@")
    if not email:
        return "Enter an e-mail address."
    if not at:
        return "The @ is missing."
    if not before:
        return "The part before @ is missing."
    return UNREACHABLE if after else "The part after @ is missing."
