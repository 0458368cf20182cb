"""Invented names, trades and streets from which customers are made.

A name written in another script carries its Latin spelling after a bar, for e-mail addresses.
"""

# (how often among a hundred, given names, family names)
NAMES: tuple[tuple[int, str, str], ...] = (
    (
        44,
        "Ada Beth Caleb Dana Elliot Fiona Grant Hazel Ivan June Keith Laurel Marcus Nell Owen "
        "Paige Quentin Rhonda Silas Tessa Uriah Vera Wade Yvonne Abigail Brent Carla Derek Edith "
        "Floyd Gwen Harvey Iris Jasper Kendra Lyle Mavis Nolan Opal Percy Ruth Stella Trent Velma",
        "Abbott Barlow Cresswell Dunmore Eastwood Fairbank Garland Hollis Ingram Jessup Kirkland "
        "Langdon Merrick Norwood Oakes Prescott Quigley Radcliffe Sheldon Thackeray Underwood "
        "Vickers Whitlock Yardley Ashdown Bramwell Coldwell Denby Ellsworth Farrow Gresham Harlow "
        "Kettering Lockwood Marlow Netherton Osgood Pemberton Redfern Stanwick Tilbury Wexford",
    ),
    (
        14,
        "José María Lucía Andrés Sofía Ramón Inés Joaquín Belén Óscar Pilar Tomás Ximena Raúl",
        "Núñez Ibáñez Cordero Peña Zúñiga Salcedo Muñoz Quiroga Villaseñor Ocampo Gálvez Treviño "
        "Bermúdez Cárdenas Escalante Lozano Magaña Rincón",
    ),
    (
        8,
        "Priya Arjun Kavya Rohan Meera Sanjay Anika Vikram Leela Nikhil Divya Harish",
        "Raman Iyer Kulkarni Deshpande Bhatia Menon Chaudhary Reddy Sethi Thakur Varghese Joshi",
    ),
    (
        6,
        "Chidi Amara Kwame Abena Tunde Zola Folake Kofi Ngozi Sipho",
        "Okafor Mensah Adeyemi Boateng Dlamini Eze Nkosi Owusu Balogun Achebe",
    ),
    (
        6,
        "Łukasz Małgorzata Zbigniew Agnieszka Paweł Żaneta Grzegorz Świętosława Michał Bożena",
        "Wójcik Kowalczyk Dąbrowski Zieliński Szczęsny Łuczak Późniak Ćwikła Jabłoński Żurawski",
    ),
    (
        5,
        "Linh Minh Thảo Quân Hương Đức Nga Tuấn",
        "Nguyễn Trần Phạm Đặng Võ Bùi Huỳnh Dương",
    ),
    (
        4,
        "美咲|Misaki 翔太|Shota 陽子|Yoko 健一|Kenichi さくら|Sakura 大輔|Daisuke "
        "由美|Yumi 直樹|Naoki",
        "山本|Yamamoto 佐々木|Sasaki 小林|Kobayashi 渡辺|Watanabe 石川|Ishikawa "
        "森田|Morita 青木|Aoki",
    ),
    (
        4,
        "ليلى|Layla يوسف|Yusuf مريم|Maryam خالد|Khalid نور|Nour سامي|Sami هدى|Huda طارق|Tariq",
        "حداد|Haddad خليل|Khalil منصور|Mansour نجار|Najjar سعيد|Said عوض|Awad شاهين|Shahin",
    ),
    (
        4,
        "Søren Åsa Jürgen Björn Zoë Chloé Étienne Élodie Günther Mäija",
        "Ødegård Lindström Größmann Lefèvre Brûlé Sørensen Müller-Voß Håkansson D'Aubigné O’Shea",
    ),
    (
        3,
        "민준|Minjun 서연|Seoyeon 지훈|Jihoon 하은|Haeun 晓明|Xiaoming 丽华|Lihua 建国|Jianguo",
        "김|Kim 박|Park 최|Choi 陈|Chen 黄|Huang 林|Lin",
    ),
    (
        2,
        "Оксана|Oksana Тарас|Taras Дмитро|Dmytro Ірина|Iryna Νίκος|Nikos Ελένη|Eleni",
        "Шевчук|Shevchuk Бондар|Bondar Коваль|Koval Παππάς|Pappas Γεωργίου|Georgiou",
    ),
)

TRADES = (
    "Bakery", "Dental", "Veterinary Clinic", "Auto Body", "Property Management", "Storage",
    "Landscaping", "Print Shop", "Pharmacy", "Brewing", "Physical Therapy", "Day Care",
    "Hardware", "Roofing", "Machine Works", "Florist", "Law Office", "Realty", "Catering",
    "Upholstery", "Boat Repair", "Dry Cleaners", "Tool Rental", "Funeral Home", "Nursery",
)  # fmt: skip
FORMS = ("", "", "", "", " LLC", " LLC", " Inc.", " Co.", " & Sons", " Group", " Ltd.", ", P.C.")
PLACES = (
    "Harbor", "Maple", "Cedar", "Lakeside", "Hilltop", "Riverside", "Northgate", "Sandpiper",
    "Granite", "Foxglove", "Willow", "Juniper", "Bayview", "Stonebridge", "Orchard", "Kingfisher",
    "Meadowlark", "Pinecrest", "Silverton", "Tamarack", "Windmill", "Copperfield", "Heron",
    "Larkspur", "Old Mill", "Red Barn", "Blue Heron", "Three Rivers", "Twin Oaks", "West End",
)  # fmt: skip
VENUES = (
    "Apartments", "Condominiums", "HOA", "Elementary School", "Community Church", "Motel",
    "Diner", "Fitness", "Senior Living", "Golf Club", "Town Hall", "Public Library", "Marina",
    "Office Park", "Mobile Home Park", "Food Co-op", "Animal Shelter", "Child Care Center",
    "Fire Company No. 3", "Medical Plaza", "Self Storage", "Tap Room", "Bed & Breakfast",
)  # fmt: skip
# Businesses whose names are hard for software: scripts, emoji, quotes, dots, only digits.
ODD_BUSINESSES = (
    "Café Łódź|cafe-lodz",
    "寿司 Hana Kitchen|hana-kitchen",
    "Sunny Side Pools ☀️|sunny-side-pools",
    "Paws & Claws 🐾 Grooming|paws-claws",
    "مطعم الأرز|cedar-restaurant",
    "L’Étoile Pâtisserie|etoile",
    "“The Attic” Antiques|the-attic",
    "1882|eighteen82",
    "Ünal & Söhne GmbH|unal-soehne",
    "A.B.C. Heating Supply|abc-heating",
    "El Rincón de Doña Inés|dona-ines",
    "Δελφοί Gyros|delphi-gyros",
    "St. Brigid's Parish Hall|st-brigid",
    "Nguyễn Family Nails 💅|nguyen-nails",
    "B+B Tile / Stone|bb-tile",
)

STREETS = (
    "Harbor Rd", "Maple Ave", "W 8th St", "Old Mill Ln", "Orchard Dr", "State Route 97", "Pine St",
    "Lighthouse Ct", "Cherry Blossom Way", "N Division St", "Quarry Rd", "Peach St", "Elm Terrace",
    "Ferry Landing", "County Line Rd", "Sunset Blvd", "Station Plaza", "Glenwood Park Ave",
)  # fmt: skip
CITIES = (
    ("Erie", "PA", "165"), ("Buffalo", "NY", "142"), ("Cleveland", "OH", "441"),
    ("Albany", "NY", "122"), ("Dayton", "OH", "454"), ("Scranton", "PA", "185"),
    ("Portland", "ME", "041"), ("Burlington", "VT", "054"), ("Trenton", "NJ", "086"),
    ("Camden", "NJ", "081"), ("Hartford", "CT", "061"), ("Worcester", "MA", "016"),
    ("Wilmington", "DE", "198"), ("Frederick", "MD", "217"), ("Roanoke", "VA", "240"),
)  # fmt: skip
UNITS = ("Apt 2B", "Suite 300", "Unit 14", "Floor 2", "c/o Front Desk", "Bldg C")
AREA_CODES = ("814", "716", "216", "518", "937", "570", "207", "802", "609", "856", "860", "508")
PHONE_FORMATS = (
    "({a}) 555-{n}", "{a}-555-{n}", "{a}.555.{n}", "{a}555{n}",
    "+1 {a} 555 {n}", "1-{a}-555-{n}", "{a}/555-{n}", "({a})555-{n} x{x}",
)  # fmt: skip

HOME_HOSTS = (
    "mail.example.com", "post.example.org", "inbox.example.net", "home.example.com",
    "webmail.example.org", "letterbox.example.net", "family.example.org",
)  # fmt: skip
OFFICE_BOXES = ("office", "info", "billing", "accounts", "hello", "ap", "frontdesk", "service")
ENDINGS = ("com", "com", "org", "net")
UNUSABLE_EMAILS = ("n/a", "none@none.", "ask at the front desk")
LOCATIONS = (
    "Dock", "Unit", "Rental house", "Pump room", "Rooftop", "Warehouse", "Guest cottage", "Annex",
)  # fmt: skip
PROJECTS = (
    "Boiler replacement", "Duct cleaning", "Heat pump retrofit", "New thermostat wiring",
    "Kitchen exhaust", "Chiller service", "Gas line inspection", "Solar water heater",
)  # fmt: skip
