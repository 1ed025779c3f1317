"""Each rule of the client's check and of the kept OpenAPI broken in one place, and the tests that must notice.

What they would do: let a break of the API or an old client through, or write an order twice.
"""

from planting import Fault

_SCRIPT, _CONTRACT = "scripts/client.py", "services/api/contract.py"
_RETRYING = "clients/python/tablestakes_client/retrying.py"
_MADE, _RETRIES, _OF_CONTRACT = (
    "tests/client/test_client_is_made.py",
    "tests/client/test_client_retries.py",
    "tests/api/test_openapi_contract.py",
)
_PARTS = ("scripts", "clients", "requirements", "docs/reference")

FAULTS = (
    Fault(
        "a client that was edited by hand is told",
        _SCRIPT,
        '"package": _digest(_files(PACKAGE)),',
        '"package": json.loads((PACKAGE / MADE_FROM).read_text())["package"],',
        f"{_MADE} -k not_made_from",
        parts=_PARTS,
    ),
    Fault(
        "a client of another OpenAPI is told",
        _SCRIPT,
        "if known.get(part) != digest]",
        'if known.get(part) != digest and part != "openapi"]',
        f"{_MADE} -k not_made_from",
        parts=_PARTS,
    ),
    Fault(
        "a check that finds something fails",
        _SCRIPT,
        "return 1 if found else 0",
        "return 0",
        f"{_MADE} -k not_made_from",
        parts=_PARTS,
    ),
    Fault(
        "what is read is open",
        _SCRIPT,
        'del opened["additionalProperties"]',
        "pass",
        f"{_MADE} -k what_is_read",
        parts=_PARTS,
    ),
    Fault(
        "what writes is not sent again",
        _RETRYING,
        "return iter(range(self._tries - 1, -1, -1) if repeatable else (0,))",
        "return iter(range(self._tries - 1, -1, -1))",
        f"{_RETRIES} -k writes_are_not",
        parts=_PARTS,
    ),
    Fault(
        "retries have a budget",
        _RETRYING,
        "if left == 0 or self._saved < 1.0:",
        "if left == 0:",
        f"{_RETRIES} -k tenth",
        parts=_PARTS,
    ),
    Fault(
        "an operation that is gone is a break",
        _CONTRACT,
        "            if after is None:",
        "            if False:",
        f"{_OF_CONTRACT} -k break_is_said or missed",
    ),
    Fault(
        "a role that may no longer call is a break",
        _CONTRACT,
        'for role in sorted(set(old.get("x-roles", ())) -',
        "for role in sorted(set() -",
        f"{_OF_CONTRACT} -k break_is_said",
    ),
    Fault(
        "a word that may now come is a break",
        _CONTRACT,
        "            if value not in allowed:",
        "            if self._sent and value not in allowed:",
        f"{_OF_CONTRACT} -k break_is_said",
    ),
    Fault(
        "what is sent and read are held in opposite directions",
        _CONTRACT,
        "return _Inclusion(both.new, both.old, sent=False).faults(where, new, old)",
        "return _Inclusion(both.old, both.new, sent=False).faults(where, old, new)",
        f"{_OF_CONTRACT} -k break_is_said or harmless or no_client",
    ),
)
