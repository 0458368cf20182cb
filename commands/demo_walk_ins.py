"""The invented people and shops who come to the demo's company by themselves; nobody twice."""

from __future__ import annotations

from services.customers import CustomerDetails

# No name, trade or area code of the sandbox's books: whoever comes is nobody in them.
_GIVEN = [
    "Corin",
    "Delphine",
    "Emmett",
    "Freya",
    "Gideon",
    "Imani",
    "Jonas",
    "Lorna",
    "Matteo",
    "Odette",
    "Petra",
    "Rafael",
    "Saskia",
]
_FAMILY = [
    "Applegarth",
    "Brightwell",
    "Castellane",
    "Dovetree",
    "Emberley",
    "Fennimore",
    "Gallowby",
    "Hartsock",
    "Inglewick",
    "Jarrowby",
    "Kestrelson",
    "Lanternby",
    "Mossgrave",
    "Overcombe",
    "Penhallow",
    "Quillfeather",
    "Ravensby",
]
_TRADES = ("Bicycles", "Bookbinders", "Ceramics", "Cider", "Dance Studio", "Lanterns", "Teas")
_DOMAINS = ("example.com", "example.org")
AREA_CODE = "585"
#: The phone numbers that are kept for inventions are a hundred.
PHONES = 100
#: The given and the family names have no common divisor, so each pair comes once.
MOST = len(_GIVEN) * len(_FAMILY)


def invent(number: int) -> CustomerDetails:
    """Return the one who came as that number, from 0 to below MOST; always the same one.

    Every sixth leaves no e-mail, every fifth is a shop, every other leaves a phone number.
    """
    if not 0 <= number < MOST:
        raise ValueError("there is nobody of that number")
    given, family = _GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)]
    phone = f"({AREA_CODE}) 555-01{number % PHONES:02}" if number % 2 else ""
    has_email = number % 6 != 5
    if number % 5 == 3:
        trade = _TRADES[number % len(_TRADES)]
        shop, domain = f"{family} {trade}", f"{family}-{trade}".lower().replace(" ", "-")
        email = f"hello@{domain}.example.com" if has_email else ""
        return CustomerDetails(shop, company_name=shop, email=email, phone=phone)
    domain = _DOMAINS[number // 2 % len(_DOMAINS)]
    email = f"{given}.{family}@{domain}".lower() if has_email else ""
    return CustomerDetails(f"{given} {family}", company_name="", email=email, phone=phone)
