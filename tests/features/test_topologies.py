"""The cache on a real cluster, behind real sentinels, through TLS, and as a user with no more rights than it needs."""

import asyncio
import contextlib
import datetime
import gc
import ipaddress
import itertools
import ssl
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from loadtests.redis_servers import RedisCluster, RedisProcess, TlsDoor, running_cluster, running_sentinel
from services.features import DinerState, FeatureCache, MarketState, Servers
from services.features.breaker import BreakerState
from services.features.codec import RECENT_DTYPE, model_tag
from services.features.keys import diner_key
from services.features.servers import Address, Kind

MARKETS = ("town", "city", "aa")
"""One on each of three masters."""
LEAST_ACL = (
    "~ts:* resetchannels -@all +get +set +del +unlink +scan +exists +expire +sadd +sismember +hget +hset "
    "+hgetall +hexists +hincrbyfloat +eval +evalsha +script|load +ping +auth +select +role +cluster|slots +asking"
)
"""The commands and keys that the cache uses; docs/how-to/redis-cluster.md has the same."""


_turns = itertools.count()


def diner(first: float, recent: int = 0) -> DinerState:
    return DinerState(np.full(4, first, np.float32), 0.0, model_tag("v1"), recent=entries(recent))


def entries(count: int, first: int = 1) -> np.ndarray:
    made = np.zeros(count, RECENT_DTYPE)
    made["restaurant"] = made["at"] = np.arange(first, first + count)
    return made


@asynccontextmanager
async def opened(redis: str | Servers, timeout_ms: float = 200.0) -> AsyncIterator[FeatureCache]:
    cache = FeatureCache(redis, timeout_ms=timeout_ms)
    try:
        yield cache
    finally:
        await cache.close()


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.02)


async def put(cache: FeatureCache, market: str, state: DinerState, user: str = "ann") -> bool:
    return await cache.put(market, user, state, await cache.lease(market, user))


async def works(cache: FeatureCache, markets: tuple[str, ...] = MARKETS) -> None:
    """All that the cache does, in each market."""
    assert await cache.trouble() == ""
    turn = next(_turns)
    for number, market in enumerate(markets):
        await cache.drop(market, "ann")
        assert (await cache.diner(market, "ann")).state is None
        assert await put(cache, market, diner(number))
        warm = await cache.begin_warm_up(market)
        assert await cache.put_many(market, [(f"d{n}-{turn}", diner(n)) for n in range(600)], warm) == 600
        assert await cache.add_recent(market, f"d7-{turn}", entries(2))
        found = await cache.diner(market, f"d7-{turn}")
        assert (found.degraded, found.state.vector[0], found.state.recent["restaurant"].tolist()) == (False, 7, [2, 1])
        state = MarketState(np.ones(3, np.float32), np.ones(3, np.uint8), f"v{number}", 1.0)
        assert await cache.put_market(market, state)
        assert (await cache.get_market(market)).catalogue_version == f"v{number}"
        key = f"ts:{{{market}}}:x:kind-{turn}".encode()
        assert await cache.begin_sums(key, 1.0, {"e:a": 0.5}, 60)
        assert await cache.add_sums(key, "p", 1, 2.0, {"e:a": 0.25}, 60)
        assert await cache.add_sums(key, "p", 1, 2.0, {"e:a": 0.25}, 60), "once, however often it is sent"
        assert (await cache.sums(key))["e:a"] == 0.75
    for number, market in enumerate(markets):
        assert (await cache.diner(market, "ann")).state.vector[0] == number
    for number, market in enumerate(markets):
        assert await cache.forget_market(market)
        assert (await cache.diner(market, "ann")).state is None
        assert await cache.get_market(market) is None
        for later in markets[number + 1 :]:
            assert (await cache.diner(later, "ann")).state is not None
    assert await cache.ping()
    assert cache.breaker_state is BreakerState.CLOSED


async def test_everything_works_on_a_cluster(shared_cluster):
    owners = {shared_cluster.owner(diner_key(market, "ann")).port for market in MARKETS}
    assert len(owners) == 3
    async with opened(shared_cluster.url) as cache:
        await works(cache)


async def test_one_node_is_enough_to_find_the_others(shared_cluster):
    gone = "127.0.0.1:1"
    async with opened(f"redis-cluster://{gone},{shared_cluster.masters[1].spot}") as cache:
        await works(cache)


def give_slot(cluster: RedisCluster, key: bytes, half: bool = False) -> tuple[RedisProcess, RedisProcess]:
    """Move the slot of a key, with what is in it, to another master; `half`: begin with it, and leave it so."""
    old = cluster.owner(key)
    new = next(node for node in cluster.masters if node is not old)
    with old.client() as giver, new.client() as taker:
        slot = giver.execute_command("CLUSTER", "KEYSLOT", key)
        ids = {node.port: node_id(node) for node in (old, new)}
        taker.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[old.port])
        giver.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[new.port])
        while keys := giver.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100):
            giver.execute_command("MIGRATE", "127.0.0.1", new.port, "", 0, 5000, "KEYS", *keys)
        if not half:
            for client in (taker, giver):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[new.port])
    return old, new


def node_id(node: RedisProcess) -> bytes:
    with node.client() as client:
        return client.execute_command("CLUSTER", "MYID")


async def test_a_slot_that_moves_takes_its_diners_along(shared_cluster):
    market = "moving"
    async with opened(shared_cluster.url) as cache:
        assert await put(cache, market, diner(1.0, recent=2))
        give_slot(shared_cluster, diner_key(market, "ann"))
        assert (await cache.diner(market, "ann")).state.vector[0] == 1.0
        assert await cache.add_recent(market, "ann", entries(1, first=9))
        assert await cache.put_market(market, MarketState(np.ones(1, np.float32), np.ones(1, np.uint8), "v", 1.0))
        async with opened(shared_cluster.url) as other:
            assert (await other.diner(market, "ann")).state.recent["restaurant"].tolist() == [9, 2, 1]


async def test_a_slot_on_its_way_is_asked_for_at_both_ends(shared_cluster):
    market = "migrating"
    key = diner_key(market, "ann")
    async with opened(shared_cluster.url) as cache:
        assert await put(cache, market, diner(1.0))
        _, new = give_slot(shared_cluster, key, half=True)
        found = await cache.diner(market, "ann")
        assert (found.degraded, found.state.vector[0]) == (False, 1.0), "ASK names the other end"
        assert await cache.put_market(market, MarketState(np.ones(1, np.float32), np.ones(1, np.uint8), "v", 1.0))
        assert shared_cluster.owner(key) is not new
        for node in shared_cluster.masters:
            with node.client() as client:
                slot = client.execute_command("CLUSTER", "KEYSLOT", key)
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", node_id(new))
        assert not (await cache.diner(market, "ann")).degraded


async def test_a_lost_node_is_replaced_and_the_others_markets_notice_nothing(tmp_path):
    with running_cluster(tmp_path, replicas_each=1) as cluster:
        async with opened(cluster.url) as cache:
            for number, market in enumerate(MARKETS):
                assert await put(cache, market, diner(number))
            lost = cluster.owner(diner_key("town", "ann"))
            assert await cache.add_recent("town", "ann", entries(2))
            lost.kill()
            degraded = 0
            async with asyncio.timeout(30):
                while True:
                    found = await cache.diner("town", "ann")
                    degraded += found.degraded
                    if degraded and not found.degraded:
                        break
                    assert found.state.vector[0] == 0.0, "the last copy"
                    for number, market in enumerate(MARKETS[1:], 1):
                        others = await cache.diner(market, "ann")
                        assert (others.degraded, others.state.vector[0]) == (False, number)
                    await asyncio.sleep(0.005)
            assert found.state is None, "what was confirmed last may not have reached the replica"
            assert cluster.owner(diner_key("town", "ann")) is not lost
            await until(cache.ping)
            assert cache.breaker_state is BreakerState.CLOSED
            await works(cache)
            lost.start()
            await works(cache)


async def test_a_node_that_hangs_costs_its_own_markets_a_few_waits(tmp_path):
    with running_cluster(tmp_path, replicas_each=1) as cluster:
        async with opened(cluster.url, timeout_ms=100) as cache:
            for number, market in enumerate(MARKETS):
                assert await put(cache, market, diner(number))
            lost = cluster.owner(diner_key("city", "ann"))
            lost.pause()
            try:
                async with asyncio.timeout(30):
                    while not (found := await cache.diner("city", "ann")).degraded:
                        pass
                    assert found.state.vector[0] == 1.0
                    while (await cache.diner("city", "ann")).degraded:
                        assert not (await cache.diner("town", "ann")).degraded
                        await asyncio.sleep(0.002)
            finally:
                lost.resume()
            await until(cache.ping)
            await works(cache)


async def test_after_a_failover_the_new_master_is_found(tmp_path):
    with running_sentinel(tmp_path) as watched:
        async with opened(watched.url) as cache:
            await works(cache, ("town",))
            before = watched.master_port()
            named = await Servers.parse(watched.url).place.address()
            assert (named.port, named.master) == (before, True), "it is asked whether it knows that it is the master"
            watched.master.kill()
            seen = [await cache.diner("town", "ann")]
            assert seen[0].degraded
            await until(lambda: healthy(cache))
            assert watched.master_port() != before
            assert cache.breaker_state is BreakerState.CLOSED
            await works(cache, ("town",))
            watched.master.start()
            await works(cache, ("town",))


class Told:
    """Knows where the master is because a test says so."""

    def __init__(self, at: RedisProcess) -> None:
        self.at = at

    async def address(self) -> Address:
        return replace(Address.parse(self.at.url), master=True)


async def test_a_master_that_became_a_replica_is_left_at_its_first_refusal(tmp_path):
    """It lives, and goes on answering what is read; what it is told is for the other."""
    with RedisProcess(tmp_path / "one") as one, RedisProcess(tmp_path / "other") as other:
        place = Told(one)
        async with opened(Servers(Kind.SENTINEL, Address.parse(one.url), (), place)) as cache:
            await works(cache, ("town",))
            with one.client() as client:
                client.replicaof("127.0.0.1", other.port)
            place.at = other
            await until(lambda: put(cache, "town", diner(5.0), "bob"))
            with other.client() as client:
                assert client.exists(diner_key("town", "bob"))
            place.at = one
            await cache._nodes._quick.call(b"QUIT")
            await until(lambda: refused(cache))


async def refused(cache: FeatureCache) -> bool:
    """It is the replica of another: what it has may be old."""
    return "not the master" in await cache.trouble()


async def test_a_sentinel_that_is_gone_keeps_nobody_waiting(tmp_path):
    with running_sentinel(tmp_path) as watched:
        watched.sentinels[0].pause()
        try:
            async with opened(watched.url) as cache:
                await works(cache, ("town",))
        finally:
            watched.sentinels[0].resume()


async def test_no_connection_to_a_sentinel_is_left_open(tmp_path):
    """However the sentinels' answers fall, and whenever the one who asks gives up."""
    with running_sentinel(tmp_path) as watched, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        place = Servers.parse(watched.url).place
        for turn in range(120):
            asking = asyncio.create_task(place.address())
            if turn % 2:
                await asyncio.sleep(turn * 5e-5)
                asking.cancel()
            await asyncio.wait([asking])
        await asyncio.sleep(0.1)
        gc.collect()
        assert [str(each.message) for each in caught] == []


async def healthy(cache: FeatureCache) -> bool:
    return not (await cache.diner("town", "ann")).degraded


async def test_the_least_rights_are_enough(tmp_path):
    with running_acl(tmp_path) as server:
        async with opened(f"redis://tablestakes:secret@{server.spot}") as cache:
            await works(cache)
        async with opened(f"redis://tablestakes:wrong@{server.spot}") as cache:
            assert (await cache.diner("town", "ann")).degraded
            assert "AUTH refused" in await cache.trouble()
        secret = tmp_path / "password"
        secret.write_text("secret\n")
        async with opened(Servers.parse(f"redis://tablestakes@{server.spot}", password_file=secret)) as cache:
            await works(cache)


RIGHTS = [right for right in LEAST_ACL.split() if right.startswith("+")]
OF_OTHER_TOPOLOGIES = {"+auth", "+select", "+role", "+cluster|slots", "+asking"}


@pytest.mark.parametrize("right", sorted({*RIGHTS} - OF_OTHER_TOPOLOGIES))
async def test_each_right_is_needed(right, shared_acl):
    """One taken away, and something does not work: the list has nothing that it need not have."""
    with shared_acl.client(username="admin", password="admin") as admin:
        admin.flushall()
        admin.execute_command(
            "ACL", "SETUSER", "tablestakes", "reset", "on", ">secret", *LEAST_ACL.split(), "-" + right[1:]
        )
    async with opened(f"redis://tablestakes:secret@{shared_acl.spot}") as cache:
        with pytest.raises((AssertionError, TypeError, AttributeError)):
            await works(cache, ("town",))


@contextlib.contextmanager
def running_acl(folder: Path) -> Iterator[RedisProcess]:
    """A server on which nobody can do anything without a name; it has an administrator for the tests."""
    lines = [
        f"user tablestakes on >secret {LEAST_ACL}",
        "user admin on >admin ~* &* +@all",
        "user default on nopass -@all +ping",
    ]
    with RedisProcess(folder / "acl", lines) as server:
        yield server


@pytest.fixture(scope="module")
def shared_acl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with running_acl(tmp_path_factory.mktemp("acl")) as server:
        yield server


class Authority:
    """Signs certificates for 127.0.0.1, good for a day."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._signed(self._name, self._key, True).public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        files[0].write_bytes(self._signed(subject, key, False).public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        files[1].write_bytes(key.private_bytes(pem, pkcs8, plain))
        return files

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(signer, critical=False)
        constraints = x509.BasicConstraints(ca=authority, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
        usage = x509.KeyUsage(True, False, False, False, False, authority, authority, False, False)
        return builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())


@dataclass(frozen=True)
class Certificates:
    """Of one authority, which servers and clients show each other; and of a stranger."""

    ours: Authority
    foreign: Authority
    server: ssl.SSLContext
    client_files: tuple[Path, Path]
    foreign_files: tuple[Path, Path]

    def servers(self, url: str) -> Servers:
        """An address with the files that are asked for."""
        return Servers.parse(url, ca_file=self.ours.file, cert_file=self.client_files[0], key_file=self.client_files[1])

    def refused(self, url: str) -> Iterator[Servers]:
        """The same with a strange authority, a strange certificate, none, and without TLS."""
        own, strange = self.client_files, self.foreign_files
        yield Servers.parse(url, ca_file=self.foreign.file, cert_file=own[0], key_file=own[1])
        yield Servers.parse(url, ca_file=self.ours.file, cert_file=strange[0], key_file=strange[1])
        yield Servers.parse(url, ca_file=self.ours.file)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    ours, foreign = Authority(tmp_path, "ours"), Authority(tmp_path, "foreign")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours.file)
    context.load_cert_chain(*ours.issue("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    return Certificates(ours, foreign, context, ours.issue("client"), foreign.issue("stranger"))


async def refuses(servers: Servers) -> None:
    async with opened(servers, timeout_ms=2_000) as cache:
        assert (await cache.diner("town", "ann")).degraded
        assert await cache.trouble()


async def test_through_tls_with_certificates_of_both_sides(tmp_path, certificates):
    with running_acl(tmp_path) as server, TlsDoor(certificates.server, server.port) as door:
        url = f"rediss://tablestakes:secret@127.0.0.1:{door.port}"
        async with opened(certificates.servers(url), timeout_ms=2_000) as cache:
            await works(cache)
        for refused in (*certificates.refused(url), Servers.parse(url.replace("rediss", "redis"))):
            await refuses(refused)


async def test_a_cluster_through_tls_and_a_master_that_is_replaced(tmp_path, certificates):
    with running_cluster(tmp_path, replicas_each=1, tls=certificates.server) as cluster:
        url = f"rediss-cluster://{cluster.spots}"
        async with opened(certificates.servers(url), timeout_ms=2_000) as cache:
            await works(cache)
            assert all(master.door.encrypted >= 2 for master in cluster.masters), "what waits, and what does not"
            lost = cluster.owner(diner_key("town", "ann"))
            lost.kill()
            await until(lambda: healthy(cache))
            assert cluster.owner(diner_key("town", "ann")) is not lost
            await until(cache.ping)
            await works(cache)
        for refused in certificates.refused(url):
            await refuses(refused)


async def test_sentinels_through_tls_and_a_master_that_is_replaced(tmp_path, certificates):
    with running_sentinel(tmp_path, tls=certificates.server) as watched:
        url = f"rediss-sentinel://{watched.spots}#mymaster"
        async with opened(certificates.servers(url), timeout_ms=2_000) as cache:
            await works(cache, ("town",))
            before = watched.master_port()
            watched.master.kill()
            assert (await cache.diner("town", "ann")).degraded
            await until(lambda: healthy(cache))
            assert watched.master_port() != before
            await works(cache, ("town",))
            assert watched.replica.door.encrypted >= 2, "the new master is asked with TLS too"
        for refused in certificates.refused(url):
            await refuses(refused)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://h", "starts with redis://"),
        ("unix-cluster://h", "starts with redis://"),
        ("redis-cluster://", "names no host"),
        ("redis-cluster://a,,b", "names no host"),
        ("redis-cluster://u:p@a:x", "'a:x' is no host:port"),
        ("redis-cluster://a/3", "has one database"),
        ("rediss://a?ssl_ca_certs=/nowhere.pem", "/nowhere.pem"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_why(url, says):
    with pytest.raises(ValueError, match=r".") as refused:
        Servers.parse(url)
    assert says in str(refused.value)
    assert ":p@" not in str(refused.value)


def test_files_for_tls_are_not_taken_in_vain(tmp_path):
    with pytest.raises(ValueError, match="rediss://"):
        Servers.parse("redis://a", ca_file=tmp_path / "ca.pem")
    with pytest.raises(ValueError, match="cannot be read"):
        Servers.parse("redis://a", password_file=tmp_path / "nothing")


def test_a_password_is_in_no_representation():
    for url in ("redis://u:hush@a", "redis-sentinel://u:hush@a,b#m", "redis-cluster://u:hush@a,b"):
        assert "hush" not in repr(Servers.parse(url))
