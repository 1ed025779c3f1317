"""Each rule of the feature cache broken in one place on purpose, and the tests that must notice.

What they would do: lose a change of a diner, give one diner another's data, wait for a server that is gone, or serve
what Redis was not told.
"""

from planting import Fault

_SCRIPTS, _CACHE, _LEASES, _NODE, _CLUSTER, _SERVERS, _WIRE, _CODEC, _KEYS = (
    f"services/features/{name}.py"
    for name in ("scripts", "cache", "leases", "node", "cluster", "servers", "multiplexed", "codec", "keys")
)
_OF_LEASES, _OF_OUTAGES, _OF_TOPOLOGIES, _OF_CACHE, _OF_WIRE = (
    f"tests/features/test_{name}.py"
    for name in ("leases", "cache_outage", "topologies", "feature_cache", "multiplexed_connection")
)
_ANY_ORDER = f"{_OF_LEASES} -k no_change_is_lost"

FAULTS = (
    Fault(
        "nothing is stored without its lease",
        _SCRIPTS,
        "if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end",
        "",
        _ANY_ORDER,
    ),
    Fault(
        "a change voids the lease",
        _SCRIPTS,
        "redis.call('DEL', KEYS[2])\nif redis.call('EXISTS', KEYS[3]) == 1 then",
        "if redis.call('EXISTS', KEYS[3]) == 1 then",
        _ANY_ORDER,
    ),
    Fault(
        "a change is left beside the warm-ups",
        _SCRIPTS,
        "local left = redis.pcall('SADD', KEYS[3], KEYS[1])",
        "local left = 1",
        _ANY_ORDER,
    ),
    Fault(
        "a warm-up leaves who has changed alone",
        _SCRIPTS,
        "if redis.call('SISMEMBER', KEYS[2], KEYS[1]) == 1 then return 0 end",
        "",
        _ANY_ORDER,
    ),
    Fault(
        "a warm-up that took too long stores nothing",
        _SCRIPTS,
        "if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then return redis.error_reply('LAPSED') end",
        "",
        f"{_OF_LEASES} -k took_too_long",
    ),
    Fault(
        "events from before an erasure do not bring the diner back",
        _SCRIPTS,
        "if redis.call('EXISTS', KEYS[4]) == 1 then return redis.call('UNLINK', KEYS[1]) - 1 end",
        "",
        _ANY_ORDER,
    ),
    Fault(
        "all who read a diner at a time share a token",
        _SCRIPTS,
        "if type(token) == 'string' then return token end",
        "",
        f"{_OF_LEASES} -k nobodys_way",
    ),
    Fault(
        "entries that Redis has are kept",
        _SCRIPTS,
        "if length then tail = merged(tail, string.sub(old, length + 1)) end",
        "",
        f"{_OF_CACHE} -k warm_up_keeps",
    ),
    Fault(
        "who was dropped here is not put back here",
        _LEASES,
        "lease.changed.add(key)",
        "lease.changed.discard(key)",
        f"{_OF_OUTAGES} -k dropped_while",
    ),
    Fault(
        "a warm-up knows what changed here",
        _CACHE,
        "unchanged = {key: blob for key, blob in chunk if key not in lease.changed}",
        "unchanged = dict(chunk)",
        f"{_OF_OUTAGES} -k dropped_while",
    ),
    Fault(
        "what Redis calls old is no last copy",
        _CACHE,
        "        if not stored:\n            self._last_diners.drop(key)\n        elif",
        "        if not stored:\n            pass\n        elif",
        f"{_OF_LEASES} -k another_process_changed",
    ),
    Fault(
        "what a warm-up found old is no last copy",
        _CACHE,
        "                else:\n                    self._last_diners.drop(key)",
        "                else:\n                    pass",
        f"{_OF_LEASES} -k another_process_changed",
    ),
    Fault(
        "an answer from before brings nobody back",
        _CACHE,
        "        finally:  # an older answer may have come meanwhile\n            self._last_diners.drop(key)",
        "        finally:\n            pass",
        f"{_OF_LEASES} -k answer_from_before",
    ),
    Fault(
        "what Redis missed is wrong there",
        _CACHE,
        "        except (UnavailableError, ErrorReplyError):\n            self._spoil(key)\n            return False",
        "        except (UnavailableError, ErrorReplyError):\n            return False",
        f"{_OF_OUTAGES} -k during_the_outage",
    ),
    Fault(
        "a change whose caller left may be missed",
        _CACHE,
        "nobody knows whether Redis has it\n            self._spoil(key)",
        "nobody knows whether Redis has it",
        f"{_OF_OUTAGES} -k caller_left",
    ),
    Fault(
        "what is wrong in Redis is not served",
        _CACHE,
        "if key in self._spoilt:  # asked all the same",
        "if False:  # asked all the same",
        f"{_OF_OUTAGES} -k clicks_count",
    ),
    Fault(
        "what is spoilt anew while it is cleared stays marked",
        _CACHE,
        "if self._spoilt.get(key) is mark:",
        "if key in self._spoilt:",
        f"{_OF_OUTAGES} -k missed_while",
    ),
    Fault(
        "what a fallen server confirmed last is made anew",
        _CACHE,
        "            if at >= oldest:",
        "            if at < oldest:",
        f"{_OF_OUTAGES} -k fallen_server",
    ),
    Fault(
        "a blob has an owner",
        _CODEC,
        'if of != owner:\n        raise CodecError("the blob belongs to another diner")',
        'if False:\n        raise CodecError("the blob belongs to another diner")',
        f"{_OF_CACHE} -k wrong_key",
    ),
    Fault(
        "no two markets share a key",
        _KEYS,
        'market.replace("%", "%25").replace("}", "%7D")',
        'market.replace("%", "%25").replace("}", "")',
        f"{_OF_CACHE} -k share_a_key",
    ),
    Fault(
        "a caller that leaves leaves its place",
        _WIRE,
        "                if not future.done():\n                    future.set_result(reply)",
        "                while future.done() and self._waiting:\n"
        "                    future, _ = self._waiting.popleft()\n"
        "                if not future.done():\n                    future.set_result(reply)",
        f"{_OF_WIRE} -k ten_thousand",
    ),
    Fault(
        "no diner waits for a probe",
        _NODE,
        "self._probing = asyncio.get_running_loop().create_task(self._asked(ticket))",
        "await self._asked(ticket)",
        f"{_OF_OUTAGES} -k no_diner_waits",
    ),
    Fault(
        "patient work is no probe",
        _NODE,
        "ticket = self._breaker.enter() if await self._asked(ticket) else REFUSED",
        "pass",
        f"{_OF_OUTAGES} -k patient_work",
    ),
    Fault(
        "impatience hides no outage",
        _NODE,
        "error.asking.add_done_callback(lambda asking: self._ended(ticket, asking))",
        "pass",
        f"{_OF_OUTAGES} -k impatient_callers_do_not_hide",
    ),
    Fault(
        "who became a replica is left",
        _NODE,
        "            self._quick.drop()",
        "            pass",
        f"{_OF_TOPOLOGIES} -k became_a_replica",
    ),
    Fault(
        "a replica is no master, whatever one is told",
        _WIRE,
        'if address.master and not _is_master(await link.send(packed((b"ROLE",)))):',
        "if False:",
        f"{_OF_TOPOLOGIES} -k became_a_replica",
    ),
    Fault(
        "the server that a sentinel names is asked for its role",
        _SERVERS,
        "return replace(self._to.at(*found), master=True)",
        "return self._to.at(*found)",
        f"{_OF_TOPOLOGIES} -k after_a_failover",
    ),
    Fault(
        "a slot on its way is asked for with ASKING",
        _CLUSTER,
        '_ASKING if error.kind == "ASK" else b""',
        'b""',
        f"{_OF_TOPOLOGIES} -k on_its_way",
    ),
    Fault(
        "a replica that took over may have missed the last changes",
        _CLUSTER,
        "        if not first and before != owners:\n            self._moved()",
        "        del first, before",
        f"{_OF_TOPOLOGIES} -k lost_node",
    ),
    Fault(
        "the map is read anew when a node is gone",
        _CLUSTER,
        "        except UnavailableError:\n            self._look()\n            raise",
        "        except UnavailableError:\n            raise",
        f"{_OF_TOPOLOGIES} -k lost_node",
    ),
    Fault(
        "TLS is TLS",
        _SERVERS,
        "tls = SSLConnection(**options).ssl_context.get()",
        "tls = None",
        f"{_OF_TOPOLOGIES} -k through_tls",
    ),
    Fault(
        "no representation has a password",
        _SERVERS,
        "greeting: tuple[tuple[bytes, ...], ...] = field(repr=False)",
        "greeting: tuple[tuple[bytes, ...], ...] = field()",
        f"{_OF_TOPOLOGIES} -k in_no_representation",
    ),
)
