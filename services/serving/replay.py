"""Any past list made again: the same model, policy, catalogue, campaigns and live data through the same functions.

Nothing is copied from the record but what went in: the bytes come out of `rank`, the auction and the presentation as
they did then, or the differences are told.
"""

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Engine, Row, select

from models.artifacts import Artifact, ArtifactError, load
from services.audit.documents import read_document
from services.audit.seals import list_digest
from services.database.schema import model_versions, replay_blobs, served_lists, served_seals
from services.database.transactions import reading
from services.database.types import is_storable
from services.ranking.auction import Selling
from services.ranking.candidates import Filters
from services.serving.kept import Surroundings
from services.serving.live import LiveMarket
from services.serving.present import body
from services.serving.recommender import SKIPS, Answer, Ask, ranked_lists, sold_list
from services.serving.replay_inputs import Explain, Inputs, InputsError, decode_inputs
from services.serving.served_document import served_document
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.stakeholders.policies import PolicyNotFound, PolicyStore

_KEPT: Final = 8
_MOST_DIFFERENCES: Final = 50
Found = TypeVar("Found")


class UnknownList(Exception):
    """No list of this request id is on record."""


class ErasedList(Exception):
    """The list was there, and went with its diner."""


class NotReplayable(Exception):
    """Something that the list was made from is not kept; the message says what."""


@dataclass(frozen=True, eq=False)
class Replay:
    """A list that was made again."""

    request_id: str
    market: str
    user_id: str
    identical: bool
    """To the byte."""
    sealed: bool
    """Whether the record is the one that was sealed when it was written."""
    body: bytes
    """The answer as it is made now."""
    answer: Answer
    explain: Explain
    """How it was asked for reasons."""
    differences: tuple[str, ...]
    """Where the record says otherwise; empty where it is identical."""


class Replayer:
    """Makes past lists again, one at a time; what many have in common is read once.

    Methods block and raise StorageUnavailable where the database is away.
    """

    def __init__(self, engine: Engine, policies: PolicyStore) -> None:
        self._engine = engine
        self._policies = policies
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._turn = threading.Lock()

    def newest(self, count: int, market: str | None = None) -> list[str]:
        """Request ids of the last lists, the newest first."""
        statement = select(served_lists.c.request_id).order_by(served_lists.c.request_id.desc()).limit(count)
        if market is not None:
            statement = statement.where(served_lists.c.market == market)
        with reading(self._engine) as connection:
            return list(connection.execute(statement).scalars())

    def replay(self, request_id: str) -> Replay:
        """Make a list again. Raises UnknownList, ErasedList, NotReplayable."""
        with self._turn:
            return self._replay(request_id)

    def _replay(self, request_id: str) -> Replay:
        row, seal = self._record(request_id)
        if row.inputs is None:
            raise NotReplayable("the list is from before inputs were kept")
        document, inputs = read_document(row.document), bytes(row.inputs)
        artifact = self._artifact(row.market, row.model_version)
        try:
            given = decode_inputs(inputs, row.user_id, artifact)
        except InputsError as error:
            raise NotReplayable(str(error)) from None
        ask = self._ask(row, document, given, artifact)
        ranked = ranked_lists(ask, given.state, row.at, row.request_id)
        shown = sold_list(ask, ranked)
        answer = Answer(row.request_id, row.at, ask, shown, ranked, document["degraded"], {}, given.state)
        made = body(answer, given.explain)
        identical = sha256(made).hexdigest() == given.response
        again = read_document(served_document(answer))
        head = (row.request_id, row.market, row.user_id, row.at, row.policy, row.policy_version, row.model_version)
        return Replay(
            request_id=row.request_id,
            market=row.market,
            user_id=row.user_id,
            identical=identical,
            sealed=seal == list_digest(*head, bytes(row.document), inputs),
            body=made,
            answer=answer,
            explain=given.explain,
            differences=() if identical else _told(document, again),
        )

    def _record(self, request_id: str) -> tuple[Row[Any], str | None]:
        if not is_storable(request_id):
            raise UnknownList(request_id)
        with reading(self._engine) as connection:
            row = connection.execute(select(served_lists).where(served_lists.c.request_id == request_id)).first()
            seal = connection.execute(select(served_seals).where(served_seals.c.request_id == request_id)).first()
        if row is None:
            if seal is None:
                raise UnknownList(f"no list with the request id {request_id!r} is on record")
            if seal.erasure is None:
                raise NotReplayable("the list has a seal, and is gone: `tablestakes trail verify` says more")
            raise ErasedList("the list was erased, with its diner or because its time had come")
        return row, None if seal is None else seal.digest

    def _ask(self, row: Row[Any], document: dict[str, Any], given: Inputs, artifact: Artifact) -> Ask:
        base: MarketSnapshot = self._once(
            ("snapshot", row.market, given.catalogue, given.book, artifact.version),
            lambda: self._snapshot(row.market, given, artifact),
        )
        try:
            stored = self._policies.version(row.market, row.policy, row.policy_version)
        except PolicyNotFound as error:
            raise NotReplayable(str(error)) from None
        policy = stored.policy
        selling = {policy.name: Selling.under(policy.ads, artifact.calibration)}
        snapshot = replace(base, policies={policy.name: policy}, active_policy=policy.name, selling=selling)
        live: LiveMarket = self._once(
            ("live", row.market, given.live),
            lambda: LiveMarket.read(self._blob(row.market, given.live, "live data")),
        )
        if given.offers_at is not None:
            live = live.with_offers(snapshot, given.offers_at)
        return Ask(
            user_id=row.user_id,
            snapshot=snapshot,
            live=live,
            policy=policy,
            filters=Filters(**document["filters"]),
            k=document["k"],
            personalised=document["personalised"],
            ads=document.get("ads_wanted", True),
            reasons=given.explain != "none",
            skipped=SKIPS.intersection(document["degraded"]),
        )

    def _snapshot(self, market: str, given: Inputs, artifact: Artifact) -> MarketSnapshot:
        around = Surroundings.read(
            self._blob(market, given.catalogue, "catalogue"), self._blob(market, given.book, "campaigns")
        )
        return build_snapshot(
            around.info,
            around.catalogue_version,
            around.restaurants,
            artifact,
            {},
            "",
            around.book_version,
            around.campaigns,
        )

    def _blob(self, market: str, digest: str, what: str) -> bytes:
        chosen = select(replay_blobs.c.content).where(replay_blobs.c.market == market, replay_blobs.c.digest == digest)
        with reading(self._engine) as connection:
            content = connection.execute(chosen).scalar()
        if content is None:
            raise NotReplayable(f"the {what} that it was made from is not kept any more")
        return zlib.decompress(content)

    def _artifact(self, market: str, version: str) -> Artifact:
        def loaded() -> Artifact:
            of_version = (model_versions.c.market == market, model_versions.c.version == version)
            with reading(self._engine) as connection:
                path = connection.execute(select(model_versions.c.path).where(*of_version)).scalar()
            if path is None:
                raise NotReplayable(f"the registry has no model version {version!r}")
            try:
                return load(Path(path))
            except ArtifactError as error:
                raise NotReplayable(f"the model version {version!r} cannot be opened: {error}") from None

        found: Artifact = self._once(("artifact", market, version), loaded)
        return found

    def _once(self, name: Hashable, make: Callable[[], Found]) -> Found:
        if name not in self._kept:
            self._kept[name] = make()
        self._kept.move_to_end(name)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        found: Found = self._kept[name]
        return found


def _told(kept: Any, made: Any, where: str = "") -> tuple[str, ...]:
    """Where two documents differ, each as one line."""
    found: list[str] = []
    if isinstance(kept, dict) and isinstance(made, dict):
        for name in sorted(kept.keys() | made.keys()):
            found.extend(_told(kept.get(name), made.get(name), f"{where}.{name}" if where else name))
    elif isinstance(kept, list) and isinstance(made, list) and len(kept) == len(made):
        for index, pair in enumerate(zip(kept, made, strict=True)):
            found.extend(_told(*pair, f"{where}[{index}]"))
    elif kept != made:
        found.append(f"{where}: {_short(kept)} then, {_short(made)} now")
    if not where and not found:
        found.append("the presentation: rank, scores and prices are as they were")
    return tuple(found[:_MOST_DIFFERENCES])


def _short(value: Any) -> str:
    return orjson.dumps(value).decode()[:80]
