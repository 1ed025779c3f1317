"""Text as it is searched: without case, accents and punctuation."""

import re
import unicodedata

_WORDS = re.compile(r"\w+")
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe"}
)  # letters that Unicode does not take apart


def fold(text: str) -> str:
    """Words in lower case without accents, one blank between them: `Café «El Niño»` -> `cafe el nino`.

    Nothing is left of NUL, lone surrogates and other characters that are no part of a word.
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return " ".join(_WORDS.findall(plain.casefold().translate(_LETTERS)))
