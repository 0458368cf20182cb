"""Words of customers' names that say something about the kind of customer, not about which one.

All are folded as `words.fold` does: lower case, without accents. The lists hold what occurred in
the lists of docs/matching.md and what registers of companies call their legal forms.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Legal forms are left out of a comparison: they were changed on a third of generated companies.
LEGAL_FORMS = _words(
    # English
    "inc incorporated llc lllc ltd limited corp corporation co company plc llp lp pllc pc pa pty "
    "pte pf dba publ "
    # German, Dutch, French, Italian, Spanish, Portuguese
    "gmbh ag kg kgaa mbh ug bv nv vof bvba cvba sa sas sarl srl eirl spa sl ltda sab cv sca scs "
    "aktiengesellschaft "
    # Nordic, Baltic, central European
    "oy oyj ab as asa aps kk aktiebolag aktieselskab ehf hf se doo sro zrt nyrt kft ad"
)

#: Spellings of one word in names of companies.
SAME_WORDS = {
    "apts": "apartments",
    "assn": "association",
    "assoc": "associates",
    "bldg": "building",
    "bros": "brothers",
    "centre": "center",
    "cie": "co",
    "compagnie": "co",
    "constr": "construction",
    "ctr": "center",
    "dept": "department",
    "elec": "electric",
    "groupe": "group",
    "grp": "group",
    "int": "international",
    "intl": "international",
    "mfg": "manufacturing",
    "mgmt": "management",
    "mgt": "management",
    "natl": "national",
    "plbg": "plumbing",
    "prop": "properties",
    "props": "properties",
    "rest": "restaurant",
    "service": "services",
    "svc": "services",
    "svcs": "services",
    "tech": "technologies",
    "univ": "university",
}

FILLERS = _words("the and of a an at de la le y und et")
TITLES = _words("mr mrs ms miss mx dr prof rev sir madam herr frau")

#: Father and son bear one name; a man called "II" is the son as well as one called "Jr".
GENERATIONS = {
    "jr": "jr",
    "junior": "jr",
    "ii": "jr",
    "2nd": "jr",
    "sr": "sr",
    "senior": "sr",
    "iii": "iii",
    "3rd": "iii",
    "iv": "iv",
}

SPELLED_GENERATIONS = _words("senior junior")

#: In the name of a company they are numbers, and numbers tell companies apart.
ROMAN_NUMERALS = {"ii": "2", "iii": "3", "iv": "4"}

#: What belongs to the last name that follows it: "van der Berg", "de la Cruz".
LAST_NAME_PARTICLES = _words(
    "de la las los del della di da du dos das van von der den ter le el al bin ibn mac mc st "
    "saint o y zu"
)

#: A name with one of these words is the name of a business, not of a person.
BUSINESS_WORDS = _words(
    # trades
    "plumbing electric electrical roofing dental landscaping construction heating hvac cooling "
    "flooring painting catering interiors repair auto motors logistics marketing consulting law "
    "cleaning design designs media technologies tech "
    # places
    "cafe bakery fitness church pharmacy hotel inn storage clinic restaurant bar grill school "
    "center centre salon spa studio office club academy market shop store farm farms foods bank "
    "hospital university college apartments condo condominiums hoa homes rentals "
    # bodies
    "properties property realty group services service association assoc foundation trust "
    "solutions systems management partners associates holdings enterprises industries builders "
    "care city county department dept international usa"
)

#: Mailboxes of an office rather than of a person.
ROLE_MAILBOXES = _words(
    "info office office1 main general mail email contact hello help support team reception "
    "frontdesk enquiries enquiry inquiries admin webmaster postmaster noreply no-reply "
    "accounts account accounting accountspayable ap ar billing invoices invoice bills payments "
    "payable payables finance bookkeeping bookkeeper orders order sales service services "
    "customerservice hr jobs manager leasing"
)
