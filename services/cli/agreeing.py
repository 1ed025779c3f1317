"""policies list, show, diff, put, sign, withdraw, activate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from services.cli.errors import FAILED, UsageError
from services.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from services.stakeholders.policies import PolicyStore
    from services.stakeholders.sign_offs import SignOffs, SignOffStore

policies = typer.Typer(help="Policies: versions, what sets them apart, who has signed.", no_args_is_help=True)

_Market = Annotated[str | None, typer.Option(help="The market's key; not needed where there is one market.")]
_Name = Annotated[str, typer.Argument(metavar="NAME")]
_Version = Annotated[int | None, typer.Option(min=1, help="By default the newest.")]
_Role = Annotated[str, typer.Option(help="The seat that does this; it stands in the audit trail.")]
_Seat = Annotated[str, typer.Option(help="The seat that does this; it takes the seat's key.")]
_Reason = Annotated[str, typer.Option(help="For the audit trail.")]
_KeyFile = Annotated[
    Path | None,
    typer.Option(help="The seat's key, or a keys.json; by default TABLESTAKES_KEY, then the home's keys.json."),
]


@policies.command("list")
def list_(market: _Market = None) -> None:
    """The newest version of each policy, which one makes the lists, and who has to sign yet."""
    layout = "{:<24} {:>7}  {:<7} {}"
    with _opened(market) as opened:
        stored, active = opened.policies.newest(opened.market)
        typer.echo(layout.format("policy", "version", "active", "signatures missing"))
        for policy in (each.policy for each in stored):
            state = opened.sign_offs.of(opened.market, policy.name, policy.version)
            serves = "" if policy.name != active[0] else "yes" if policy.version == active[1] else f"v{active[1]}"
            typer.echo(layout.format(policy.name, policy.version, serves, ", ".join(state.missing)).rstrip())


@policies.command("show")
def show(name: _Name, version: _Version = None, market: _Market = None) -> None:
    """A version with all its dials, as JSON that `policies put` takes."""
    with _opened(market) as opened:
        policy = opened.policies.version(opened.market, name, version).policy
    typer.echo(policy.model_dump_json(indent=2, exclude={"name", "version"}))


@policies.command("diff")
def diff(
    name: _Name,
    before: Annotated[int, typer.Argument(metavar="VERSION")],
    after: Annotated[int, typer.Argument(metavar="VERSION")],
    against: Annotated[str | None, typer.Option(help="Another policy, whose version the second one is.")] = None,
    market: _Market = None,
) -> None:
    """What sets two versions apart, a line a dial."""
    from services.stakeholders.differences import differences

    with _opened(market) as opened:
        old = opened.policies.version(opened.market, name, before).policy
        new = opened.policies.version(opened.market, against or name, after).policy
    for each in differences(old, new):
        typer.echo(each.text)


@policies.command("put")
def put(
    name: _Name,
    path: Annotated[Path, typer.Argument(metavar="FILE.json", help="Dials; one that is left out has its default.")],
    role: _Role = "admin",
    reason: _Reason = "",
    market: _Market = None,
) -> None:
    """Store a new version; it makes lists when all seats have signed it."""
    from services.stakeholders.policy import Policy, PolicyDials

    _role(role)
    try:
        policy = Policy.of(name, PolicyDials.model_validate_json(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    with _opened(market) as opened:
        versions = opened.policies.versions(opened.market, name)
        seen = versions[0].policy.version if versions else None
        stored = opened.policies.put(opened.market, policy, seen, role, reason)
    typer.echo(f"{opened.market}: policy {name} is at version {stored.policy.version}")


@policies.command("sign")
def sign(
    name: _Name,
    version: Annotated[int, typer.Option(min=1, help="The version that was read.")],
    role: _Seat,
    reason: _Reason,
    market: _Market = None,
    key_file: _KeyFile = None,
) -> None:
    """Sign a version for the seat whose key is at hand; the last signature activates it."""
    _seat(role)
    with _proven(market, role, key_file) as opened:
        _tell(opened.sign_offs.sign(opened.market, name, version, role, reason))


@policies.command("withdraw")
def withdraw(
    name: _Name,
    version: Annotated[int, typer.Option(min=1)],
    role: _Seat,
    reason: _Reason = "",
    market: _Market = None,
    key_file: _KeyFile = None,
) -> None:
    """Take a seat's signature back, while the version is not active."""
    _seat(role)
    with _proven(market, role, key_file) as opened:
        _tell(opened.sign_offs.withdraw(opened.market, name, version, role, reason))


@policies.command("activate")
def activate(
    name: _Name,
    role: _Seat,
    version: _Version = None,
    override: Annotated[bool, typer.Option("--override", help="Without signatures; the admin, with a reason.")] = False,
    reason: _Reason = "",
    market: _Market = None,
    key_file: _KeyFile = None,
) -> None:
    """Let a version make the lists that all seats have signed; exit code 1 where something holds it back."""
    if override and (role != "admin" or not reason.strip()):
        raise UsageError("--override takes --role admin and a --reason")
    if role != "admin":
        _seat(role)
    with _proven(market, role, key_file) as opened:
        stored = opened.policies.activate(opened.market, name, version, role, reason=reason, override=override)
    typer.echo(f"{opened.market}: policy {name} version {stored.policy.version} makes the lists")


def _tell(state: "SignOffs") -> None:
    """How far it is; exit code 1 where all have signed and something holds it back."""
    head = f"{state.market}: policy {state.name} version {state.version}"
    if state.held_back is not None:
        typer.echo(f"{head} is signed by all, and held back: {state.held_back}")
        raise typer.Exit(FAILED)
    missing = f"missing: {', '.join(state.missing)}" if state.missing else "signed by all"
    typer.echo(f"{head}: {missing}{', active' if state.active else ''}")


def _seat(role: str) -> None:
    from services.stakeholders.seats import signing

    seats = [seat.name for seat in signing()]
    if role not in seats:
        raise UsageError(f"--role {role}: no seat signs under this name; there are {', '.join(seats)}")


def _role(role: str) -> None:
    if role != "admin":
        _seat(role)


@dataclass(frozen=True)
class _Opened:
    engine: "Engine"
    market: str
    policies: "PolicyStore"
    sign_offs: "SignOffStore"


@contextmanager
def _proven(market: str | None, role: str, key_file: Path | None) -> Iterator[_Opened]:
    """The same for whoever holds the role's key; raises UsageError before anything is done."""
    from services.cli.proving import prove

    with _opened(market) as opened:
        prove(opened.engine, role, key_file, Settings().keys_file)
        yield opened


@contextmanager
def _opened(market: str | None) -> Iterator[_Opened]:
    from services.audit.trail import AuditTrail
    from services.cli.selling import market_of
    from services.clock import Clock
    from services.database.engine import migrate, open_database
    from services.stakeholders.policies import PolicyStore
    from services.stakeholders.sign_offs import SignOffStore

    engine, clock = open_database(Settings().resolved_database_url), Clock()
    try:
        migrate(engine)
        audit = AuditTrail(engine, clock, via="cli")
        store = PolicyStore(engine, audit, clock)
        named = market_of(engine, market).market
        yield _Opened(engine, named, store, SignOffStore(engine, audit, clock, store))
    finally:
        engine.dispose()
