"""How many minor units a currency has, by ISO 4217. The console's `format.js` has the same table.

Not what a locale's data says: CLDR, which browsers format money by, gives the forint and the rupiah none, where amounts
in minor units have two digits.
"""

from collections.abc import Mapping
from typing import Final

_USUAL: Final = 2
_DIGITS: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
OTHERS: Final[Mapping[str, int]] = {currency: digits for digits, named in _DIGITS.items() for currency in named.split()}
"""Digits of those that have not two."""


def minor_digits(currency: str | None) -> int:
    """Decimals of an amount in whole units of the currency; two where nobody has said which one it is."""
    return _USUAL if currency is None else OTHERS.get(currency, _USUAL)


def minor_units(currency: str | None) -> int:
    """Minor units of a whole one: 100 of most, 1 of JPY, 1,000 of KWD."""
    return int(10 ** minor_digits(currency))
