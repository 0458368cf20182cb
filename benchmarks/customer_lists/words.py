"""The words that the two profiles make their customers of. Nobody here is a real person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """`last_name_parts` are what a last name is put together from: onset, vowel, coda and end.

    The given name that stands first is drawn most often.
    """

    first_names: list[str]
    short_forms: dict[str, str]
    last_name_parts: tuple[list[str], ...]
    streets: list[str]
    roads: dict[str, str]
    towns: list[str]
    trades: list[str]
    company_starts: list[str]
    company_ends: list[str]
    legal_forms: list[str]
    mail_domains: list[str]


def _words(text: str) -> list[str]:
    return text.split()


def _forms(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


DEVELOPMENT = Words(
    first_names=_words("""
        Michael Jennifer James Mary Robert Patricia David Linda William Elizabeth Richard Barbara
        Joseph Susan Thomas Jessica Christopher Sarah Daniel Karen Matthew Nancy Anthony Lisa
        Steven Margaret Andrew Sandra Joshua Ashley Kenneth Kimberly Kevin Donna Brian Michelle
        Timothy Carol Ronald Amanda Jason Melissa Edward Deborah Jeffrey Stephanie Ryan Rebecca
        Jacob Sharon Gary Laura Nicholas Cynthia Eric Kathleen Jonathan Amy Stephen Angela Larry
        Shirley Justin Anna Scott Brenda Brandon Pamela Benjamin Emma Samuel Nicole Gregory Helen
        Alexander Samantha Patrick Katherine Frank Christine Raymond Debra Jack Rachel Dennis
        Carolyn Jerry Janet Tyler Catherine Aaron Maria Jose Heather Adam Diane Nathan Ruth Henry
        Julie Zachary Olivia Douglas Joyce Peter Virginia Kyle Victoria Noah Kelly Ethan Lauren
        Jeremy Christina Walter Joan Christian Evelyn Keith Judith Roger Andrea Terry Hannah Sean
        Megan Gerald Cheryl Carl Martha Dylan Teresa Harold Gloria Jordan Sara Jesse Janice Bryan
        Ann Lawrence Jean Arthur Abigail Gabriel Alice Bruce Julia Logan Sophia Billy Grace Joe
        Denise Alan Amber Juan Doris Elijah Marilyn Willie Danielle Albert Beverly Wayne Isabella
        Randy Theresa Mason Diana Vincent Natalie Roy Brittany Ralph Charlotte Bobby Marie Russell
        Kayla Philip Alexis Eugene Lori Luis Rosa Carlos Carmen Miguel Lucia Diego Paloma
        """),
    short_forms=_forms(
        """
        Michael=Mike Jennifer=Jen James=Jim Robert=Bob Patricia=Pat David=Dave William=Bill
        Elizabeth=Liz Richard=Rick Barbara=Barb Joseph=Joe Susan=Sue Thomas=Tom Jessica=Jess
        Christopher=Chris Daniel=Dan Matthew=Matt Anthony=Tony Steven=Steve Margaret=Peggy
        Andrew=Andy Sandra=Sandy Joshua=Josh Kenneth=Ken Kimberly=Kim Timothy=Tim Ronald=Ron
        Amanda=Mandy Edward=Ed Deborah=Debbie Jeffrey=Jeff Stephanie=Steph Rebecca=Becky
        Jacob=Jake Nicholas=Nick Cynthia=Cindy Kathleen=Kathy Jonathan=Jon Angela=Angie
        Stephen=Steve Benjamin=Ben Samuel=Sam Gregory=Greg Alexander=Alex Samantha=Sam
        Patrick=Pat Katherine=Kate Christine=Chris Raymond=Ray Catherine=Cathy Nathan=Nate
        Zachary=Zach Douglas=Doug Victoria=Vicky Christina=Tina Walter=Walt Judith=Judy
        Andrea=Andi Gerald=Jerry Lawrence=Larry Arthur=Art Abigail=Abby Gabriel=Gabe
        Theresa=Terry Philip=Phil Eugene=Gene Charlotte=Lottie Albert=Al Vincent=Vince
        """
    ),
    last_name_parts=(
        _words("B Br C Ch Cl D Dr F Fl G Gr H J K L M N P Pr R S Sh St T Tr W Wh"),
        _words("a e i o u ee"),
        _words("ck d ll m n nd r rd st t x ng lm rn"),
        _words(
            """
            son er man ley ton field berg ford well wood ham land ridge more stone dale worth by
            ing wick low mere holt den gate house croft shaw brook haven strom quist beck hurst
            """
        ),
    ),
    streets=_words("""
        Alder Birch Cedar Dogwood Elder Fern Garnet Hazel Iron Juniper Knoll Larch Maple Nettle
        Orchard Pine Quarry Ridge Spruce Tamarack Umber Valley Willow Yarrow Mill Church Lake
        Harbor Meadow Prospect Sunset Summit Canyon Prairie Foundry Depot Granite Heron Osprey
        Chestnut Walnut Highland Franklin Union Liberty Center Bridge Ferry Spring Hollow
        """),
    roads=_forms(
        """
        Street=St Avenue=Ave Road=Rd Drive=Dr Lane=Ln Boulevard=Blvd Court=Ct Place=Pl Terrace=Ter
        """
    ),
    towns=_words("""
        Ashford Brookhaven Cedarville Dunmore Eastfield Fairview Glenwood Harborton Ironwood
        Jasper Kingsport Lakeside Millbrook Northgate Oakdale Pinehurst Quarryville Riverton
        Stonebridge Thornton Unionville Valleyview Westbrook Yorktown Zanesfield Elmwood Foxboro
        Graniteville Hillsdale Marshfield
        """),
    trades=_words("""
        Plumbing Electric Roofing Dental Landscaping Properties Realty Cafe Bakery Fitness
        Construction Heating Pharmacy Hotel Storage Marketing Logistics Apartments Motors Flooring
        Painting Catering Interiors Consulting Automotive Daycare Veterinary Printing Fencing
        """),
    company_starts=_words("""
        Blue Green Sunrise Pioneer Liberty Eagle Golden Coastal Premier Evergreen Crimson Silver
        Patriot Frontier Redwood Twin Grand Bright Noble Iron
        """),
    company_ends=_words("""
        Ridge Valley Point Star Oak Lake Rock Gate Stone Bay Mesa Peak Arrow Anchor Harvest Bridge
        """),
    legal_forms=["LLC", "Inc", "Inc.", "Corp", "Co", "Company", "L.L.C."],
    mail_domains=_words("mail.example.com post.example.com inbox.example.org home.example.net"),
)

OTHER = Words(
    first_names=_words("""
        Oliver Siobhan Piotr Amelie George Niamh Krzysztof Camille Alfie Aoife Tomasz Mathilde
        Archie Ciara Pawel Manon Freddie Roisin Marcin Chloe Rupert Orla Grzegorz Juliette Nigel
        Sinead Andrzej Celine Graham Maeve Jan Margaux Clive Aisling Michal Elodie Trevor Grainne
        Stanislaw Aurelie Alistair Caoimhe Jakub Severine Hamish Deirdre Wojciech Clemence Callum
        Bronagh Lukasz Delphine Duncan Eimear Mateusz Solene Rhys Sorcha Szymon Mireille Gareth
        Cliodhna Adam Fabienne Owen Una Kacper Odile Harriet Padraig Agnieszka Thibault Philippa
        Cormac Katarzyna Bastien Imogen Declan Malgorzata Guillaume Beatrice Fergus Joanna Laurent
        Tabitha Eoin Ewa Matthieu Rosalind Conor Barbara Antoine Prudence Ronan Zofia Benoit
        Winifred Donal Halina Etienne Gwendolen Brendan Jadwiga Yannick Cordelia Lorcan Danuta
        Cedric Frances Tadhg Beata Olivier Jemima Oisin Renata Pascal Felicity Diarmuid Iwona
        Nicolas Edith Cathal Dorota Xavier Albert Enid Seamus Urszula Didier Reginald Mabel Kieran
        Bozena Thierry Gilbert Doreen Colm Teresa Herve
        """),
    short_forms=_forms(
        """
        Oliver=Ollie Siobhan=Shiv George=Georgie Krzysztof=Krzys Frederick=Freddie Tomasz=Tomek
        Harriet=Hattie Agnieszka=Aga Philippa=Pippa Katarzyna=Kasia Malgorzata=Gosia Beatrice=Bea
        Joanna=Asia Tabitha=Tabby Rosalind=Ros Barbara=Basia Prudence=Pru Winifred=Winnie
        Gwendolen=Gwen Brendan=Bren Cordelia=Delia Frances=Fran Jemima=Mima Felicity=Fliss
        Reginald=Reg Albert=Bertie Nicolas=Nico Alistair=Ali Wojciech=Wojtek Grzegorz=Grzes
        Stanislaw=Staszek Antoine=Toine Guillaume=Guy Juliette=Jules Camille=Cam Duncan=Dunc
        Graham=Gray Trevor=Trev Gareth=Gaz Donal=Don Seamus=Shay Michal=Misiek Jakub=Kuba
        Mateusz=Mati Gilbert=Gil Matthieu=Matt Zofia=Zosia Danuta=Danka
        """
    ),
    last_name_parts=(
        _words("B Br C Cl D F Fl G Gl H K Kr L M Mac N O' P Pr R S Sz St T Tr W Z"),
        _words("a e i o u ou"),
        _words("b d l n r s w rz ch v nt gh"),
        _words(
            """
            don ly more nan gan ton wick ski ak czyk owicz ier eau ard elle in thwaite by nock ry
            way combe stead bourne leigh sey ric mond court ney gue ham
            """
        ),
    ),
    streets=_words("""
        Abbey Bishop Castle Dairy Elm Friar Gallows Hawthorn Ivy Jubilee King Lavender Market
        Nightingale Oxpen Priory Queen Rectory Station Tannery Victoria Windmill Yew Almshouse
        Cloister Priestley Barley Canal Mews Orchard Park Manor Green Vicarage Saddler Weaver
        """),
    roads=_forms("Street=St Road=Rd Lane=Ln Close=Cl Crescent=Cres Gardens=Gdns Avenue=Av Way=Wy"),
    towns=_words("""
        Abbotsmere Barrowdean Clonard Dalkenny Estwick Farrowby Gorseleigh Hexmoor Inchmore
        Kilbrannan Lanton Marlow-on-Wye Nethercote Ormsby Penhallow Ravenscar Saint-Aubin
        Tollymore Upwell Wetherden
        """),
    trades=_words("""
        Plumbers Builders Joinery Dental Nursery Bakers Florist Lettings Solicitors Scaffolding
        Upholstery Garage Brewery Opticians Haulage Tiling Glazing Pharmacy Stationers Caterers
        Surveyors Kennels
        """),
    company_starts=_words("""
        Royal Old Crown Thames Celtic Albion Emerald Northern Ivory White Copper Saxon Heritage
        Castle Union Rose
        """),
    company_ends=_words("""
        Crown Swan Lion Anchor Thistle Harp Mill Quay Moor Tower Wharf Heath
        """),
    legal_forms=["Ltd", "Limited", "LLP", "PLC", "Ltd.", "& Co", "SARL"],
    mail_domains=_words(
        "post.example.org courrier.example.net poczta.example.org mail.example.com"
    ),
)
