"""Each rule of many markets in one process broken in one place on purpose, and the tests that must notice.

What they would do: serve an old list or a retired market, mix markets, or let one market's trouble be another's.
"""

from planting import Fault

_DIRECTORY, _STATE = "services/serving/directory.py", "services/serving/state.py"
_ASKING, _EVENTS = "services/api/asking.py", "services/api/routes/events.py"
_MANY, _OF_DIRECTORY, _LEVERS = (
    "tests/api/test_many_markets.py",
    "tests/stores/test_directory.py",
    "tests/stores/test_levers_are_seen.py",
)

FAULTS = (
    Fault(
        "a record that came after the look is seen by the next",
        _DIRECTORY,
        "after = (audit_trail.c.seq > seen,",
        "after = (audit_trail.c.seq > seen + 1,",
        f"{_OF_DIRECTORY} -k use_of_a_lever",
    ),
    Fault(
        "a catalogue tells by its version",
        _DIRECTORY,
        "if (catalogues, versions) != self._pulse[:2]:",
        "if catalogues != self._pulse[0]:",
        f"{_OF_DIRECTORY} -k use_of_a_lever",
    ),
    Fault(
        "a trail that was cut is another database",
        _DIRECTORY,
        "if last < self._seen or not self._pulse:",
        "if not self._pulse:",
        f"{_OF_DIRECTORY} -k was_cut",
    ),
    Fault(
        "an anchor is no change",
        _DIRECTORY,
        " audit_trail.c.action != ANCHOR,",
        "",
        f"{_OF_DIRECTORY} -k anchors",
    ),
    Fault(
        "a retired market is not served",
        _DIRECTORY,
        "return self.retired_at is None and self.version is not None",
        "return self.version is not None",
        f"{_OF_DIRECTORY} -k retired",
    ),
    Fault(
        "a catalogue that has grown is counted anew",
        _DIRECTORY,
        "return known is None or known.catalogue_version != catalogue_version",
        "return known is None",
        f"{_OF_DIRECTORY} -k use_of_a_lever",
    ),
    Fault(
        "the most asked come first",
        _DIRECTORY,
        "key=lambda market: (-asked.get(market, 0), market)",
        "key=lambda market: (asked.get(market, 0), market)",
        f"{_OF_DIRECTORY} -k most_asked",
    ),
    Fault(
        "a policy is stored in its market's record",
        "services/stakeholders/policies.py",
        '                action="policy.put",\n                market=market,',
        '                action="policy.put",\n                market=None,',
        f"{_LEVERS} -k found_by",
    ),
    Fault(
        "a campaign is written in its market's record",
        "services/ads/campaigns.py",
        "market=after.campaign.market,",
        "market=None,",
        f"{_LEVERS} -k found_by",
    ),
    Fault(
        "a move is in its market's record",
        "services/releases/store.py",
        'action=f"release.{plan.move}", market=market,',
        'action=f"release.{plan.move}", market=None,',
        f"{_LEVERS} -k found_by",
    ),
    Fault(
        "a catalogue that is loaded again has another version",
        "services/catalogue/store.py",
        "                connection.execute(self._put_diner, [diner.__dict__ for diner in people])\n"
        "            _bump(connection, info.market)",
        "                connection.execute(self._put_diner, [diner.__dict__ for diner in people])",
        f"{_LEVERS} -k found_by",
    ),
    Fault(
        "no more markets are in memory than may be",
        _STATE,
        "while len(self._mapped) > self._most:",
        "while len(self._mapped) > self._most + 1:",
        f"{_MANY} -k room_for_one",
    ),
    Fault(
        "the least recently asked goes",
        _STATE,
        "        self._mapped.move_to_end(market)\n        return mapped.snapshot",
        "        return mapped.snapshot",
        f"{_MANY} -k least_recently",
    ),
    Fault(
        "what changes while a market comes in stays due",
        _STATE,
        "self._due &= self._mapped.keys() | self._coming.keys()",
        "self._due &= self._mapped.keys()",
        f"{_MANY} -k while_a_market_comes_in",
    ),
    Fault(
        "what could not be read in a round is read in the next",
        _STATE,
        "self._due |= set(await",
        "self._due = set(await",
        f"{_MANY} -k read_in_the_next",
    ),
    Fault(
        "a market that is not served any more leaves memory",
        _STATE,
        "self._drop([market for market in self._mapped if market not in self.served])",
        "self._drop([])",
        f"{_MANY} -k brought_back_while",
    ),
    Fault(
        "a market is read once for all who ask",
        _STATE,
        "        coming = self._coming.get(market)\n        if coming is None:",
        "        coming = None\n        if coming is None:",
        f"{_MANY} -k read_once",
    ),
    Fault(
        "who hangs up takes nothing along",
        _STATE,
        "return await asyncio.shield(coming)",
        "return await coming",
        f"{_MANY} -k hangs_up",
    ),
    Fault(
        "a market makes room without breaking a round off",
        _STATE,
        "        mapped = self._mapped.get(market)\n        if mapped is None:  # it made room",
        "        mapped = self._mapped[market]\n        if mapped is None:  # it made room",
        f"{_MANY} -k makes_room",
    ),
    Fault(
        "what nobody foresaw in a market is its own matter",
        _STATE,
        "            except Exception as error:  # noqa: BLE001 - the other markets have nothing to do with it\n"
        "                why = self._why",
        "            except (StorageUnavailable, NotMapped) as error:\n                why = self._why",
        f"{_MANY} -k nobody_can_read",
    ),
    Fault(
        "moves are followed beside requests",
        _STATE,
        "self._line_up_anew, dict(self._mapped))",
        "self._line_up_anew, self._mapped)",
        f"{_MANY} -k move_is_followed",
    ),
    Fault(
        "a move that was not followed is followed in the next round",
        _STATE,
        "            if moves != self._moves:\n",
        "            if moves != self._moves:\n                self._moves = moves\n",
        f"{_MANY} -k followed_in_the_next",
    ),
    Fault(
        "an artifact that was refused is tried again",
        _STATE,
        "            if not mapped.is_whole:\n                self._due.add(market)\n            while",
        "            while",
        f"{_MANY} -k artifact_was_away",
    ),
    Fault(
        "an event is of a market that has the restaurant",
        _EVENTS,
        "if body.market not in there and (snapshot is None or restaurant_id not in snapshot.catalogue.row_of):",
        "if body.market not in there and snapshot is not None and restaurant_id not in snapshot.catalogue.row_of:",
        f"{_MANY} -k events_of_a_market",
    ),
    Fault(
        "an event of a restaurant of two markets is of the one that is served",
        _EVENTS,
        "return next((market for market in here if market in state.served), here[0])",
        "return here[0]",
        f"{_MANY} -k of_two_markets",
    ),
    Fault(
        "a diner is looked for in markets that are away",
        _ASKING,
        "        if not state.has_all:\n            diner =",
        "        if False:\n            diner =",
        f"{_MANY} -k diner_is_found",
    ),
)
