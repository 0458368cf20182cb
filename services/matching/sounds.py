"""A short code that is equal for names which sound alike in English."""

from __future__ import annotations

from functools import lru_cache

CODE_LETTERS = 6
REMEMBERED = 65_536

#: Consonants made at the same place; vowels and h, w, y are left out.
_CLASSES = {
    letter: code
    for code, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), start=1)
    for letter in letters
}
_SPELLINGS = (("ph", "f"), ("ck", "k"), ("sch", "sh"))


@lru_cache(maxsize=REMEMBERED)
def sound_of(name: str) -> str:
    """Return the code: the class of the first letter, then of each change of consonant."""
    for spelled, heard in _SPELLINGS:
        name = name.replace(spelled, heard)
    if not name:
        return ""
    classes = [str(_CLASSES.get(letter, "")) for letter in name]
    code = [classes[0] or name[0]]
    before = ""
    for letter_class in classes[1:]:
        if letter_class and letter_class != before:
            code.append(letter_class)
        before = letter_class
    return "".join(code)[:CODE_LETTERS]
