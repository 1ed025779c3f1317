"""Where Redis is: one server, the master that Sentinel keeps, or a Redis Cluster; with TLS, and as which ACL user.

    redis://[[user:]password@]host[:port][/db]                          one server; `unix://path` for a socket
    redis-sentinel://[[user:]password@]host[:port],…[/db][#master]      sentinels that know the master `mymaster`
    redis-cluster://[[user:]password@]host[:port],…                     some nodes of a cluster, which know the others

`rediss` in the place of `redis` asks for TLS. What stands behind a `?` are the options of redis-py's `from_url`;
`sentinel_username` and `sentinel_password` are those of the sentinels, where these ask for them.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_MASTER: Final = "mymaster"
_KINDS: Final = ("sentinel", "cluster")
_PLAIN: Final = ("redis", "rediss")


class RedisMisconfigured(ValueError):
    """What the settings say of Redis cannot be used; the message says why."""


class Place(Protocol):
    """Whoever knows where to connect; asked again before each connection."""

    async def address(self) -> "Address":
        """Where it is now. Raises RedisError or OSError where nobody knows."""


@dataclass(frozen=True)
class Address:
    """Where to connect and what to say first."""

    path: str | None
    host: str
    port: int
    tls: ssl.SSLContext | None = field(repr=False)
    greeting: tuple[tuple[bytes, ...], ...] = field(repr=False)
    """AUTH with its password, SELECT."""
    master: bool = False
    """A server that is no master is refused."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """The address of a `redis://`, `rediss://` or `unix://` URL. Raises ValueError for another."""
        return cls.of(dict(parse_url(url)))

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From the keyword arguments of a redis-py connection. ValueError for files that are no certificates."""
        greeting: list[tuple[bytes, ...]] = []
        if given.get("password"):
            login = [given["username"]] if given.get("username") else []
            greeting.append((b"AUTH", *(word.encode() for word in [*login, given["password"]])))
        if given.get("db"):
            greeting.append((b"SELECT", str(given["db"]).encode()))
        tls = None
        if given.get("connection_class") is SSLConnection:
            options = {name: value for name, value in given.items() if name != "connection_class"}
            try:
                tls = SSLConnection(**options).ssl_context.get()
            except (OSError, RedisError) as error:  # ssl.SSLError is an OSError
                raise ValueError(f"TLS for Redis: {_files(options)}: {error}") from None
        host, port = given.get("host") or "localhost", int(given.get("port") or _PORT)
        return cls(given.get("path"), host, port, tls, tuple(greeting))

    async def address(self) -> "Address":
        """It never moves."""
        return self

    def at(self, host: str, port: int) -> "Address":
        """The same elsewhere."""
        return replace(self, path=None, host=host, port=port)


class SentinelMaster:
    """The master that sentinels agree on. All are asked at once: one that hangs keeps nobody waiting."""

    def __init__(
        self, name: str, sentinels: tuple[tuple[str, int], ...], options: Mapping[str, Any], to: Address
    ) -> None:
        """`options`: keyword arguments of connections to a sentinel. `to`: the master's address but for the place."""
        self._name = name
        self._options = options
        self._sentinels = sentinels
        self._to = to

    async def address(self) -> Address:
        """Raises MasterNotFoundError where no sentinel knows one."""
        options = {"sentinel_kwargs": dict(self._options)}
        clients = [Sentinel([one], **options) for one in self._sentinels]  # type: ignore[no-untyped-call]
        asking = [asyncio.create_task(self._asked(client)) for client in clients]
        try:
            for answer in asyncio.as_completed(asking):
                if (found := await answer) is not None:
                    return replace(self._to.at(*found), master=True)
        finally:
            # Not by those who ask: one that is cancelled while it closes would leave its connection open.
            await asyncio.shield(_ended(asking, clients))
        raise MasterNotFoundError(f"no sentinel knows a master {self._name!r}")

    async def _asked(self, client: Sentinel) -> tuple[str, int] | None:
        try:
            host, port = await client.discover_master(self._name)
        except (RedisError, OSError):
            return None
        return str(host), int(port)


async def _ended(asking: Sequence["asyncio.Task[tuple[str, int] | None]"], clients: Sequence[Sentinel]) -> None:
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await asyncio.gather(*(each.aclose() for client in clients for each in client.sentinels), return_exceptions=True)


class Kind(StrEnum):
    """Who says where a key lies."""

    SERVER = "server"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True)
class Servers:
    """Where Redis is."""

    kind: Kind
    address: Address
    """Of the server; of all servers alike but for the place."""
    nodes: tuple[tuple[str, int], ...] = ()
    """Sentinels, or nodes of the cluster: host and port."""
    place: Place | None = None
    """None: the servers are many."""

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        ca_file: Path | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        password_file: Path | None = None,
    ) -> Self:
        """From a URL as above, files for TLS (PEM), and one with the password that shall not stand in a URL.

        Raises ValueError that says what is wrong, without the password.
        """
        scheme, separator, rest = url.partition("://")
        plain, _, kind = scheme.partition("-")
        if not separator or plain not in (*_PLAIN, "" if kind else "unix") or kind not in ("", *_KINDS):
            raise ValueError(
                "the address of Redis starts with redis://, rediss:// or unix://, "
                "with redis-sentinel:// or redis-cluster://, or with rediss for TLS"
            )
        nodes: tuple[tuple[str, int], ...] = ()
        if kind:
            nodes = _nodes(rest, _SENTINEL_PORT if kind == "sentinel" else _PORT)
            authority = rest.partition("#")[0]
            url = f"{plain}://{_with_one_host(authority)}"
        given: dict[str, Any] = dict(parse_url(url))
        tls = {"ssl_ca_certs": ca_file, "ssl_certfile": cert_file, "ssl_keyfile": key_file}
        if any(tls.values()):
            if given.get("connection_class") is not SSLConnection:
                raise ValueError("files for TLS are given, but the address of Redis is not one with TLS: rediss://…")
            given |= {name: str(file) for name, file in tls.items() if file}
        if password_file:
            given["password"] = password_in(password_file)
        sentinel = {name: given.pop(f"sentinel_{name}", None) for name in ("username", "password")}
        address = Address.of(given)
        if kind == "cluster":
            if given.get("db"):
                raise ValueError("a Redis Cluster has one database, number 0: leave the number out of its address")
            return cls(Kind.CLUSTER, address, nodes)
        if kind == "sentinel":
            options = {name: value for name, value in given.items() if name.startswith("ssl_")}
            options |= {name: value for name, value in sentinel.items() if value}
            options |= {"ssl": address.tls is not None, "retry": Retry(NoBackoff(), 0), "protocol": 2}
            name = rest.partition("#")[2] or _MASTER
            return cls(Kind.SENTINEL, address, nodes, SentinelMaster(name, nodes, options, address))
        return cls(Kind.SERVER, address, (), address)


def password_in(file: Path) -> str:
    """The first line of a file. Raises ValueError for one that cannot be read."""
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the password of Redis cannot be read from {file}: {error}") from None


def _nodes(rest: str, port: int) -> tuple[tuple[str, int], ...]:
    """The hosts and ports of `[user:password@]host[:port],host[:port][/…]`."""
    authority = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    hosts = authority.rpartition("@")[2]
    found: list[tuple[str, int]] = []
    for one in hosts.split(","):
        parts = urlsplit(f"//{one}")
        try:
            found.append((parts.hostname or "", parts.port or port))
        except ValueError:
            raise ValueError(f"{one!r} is no host:port") from None
    if not all(host for host, _ in found):
        raise ValueError("the address of Redis names no host, or an empty one between commas")
    return tuple(found)


def _with_one_host(rest: str) -> str:
    """The same with the first of its hosts alone, as redis-py takes it."""
    login, at, others = rest.rpartition("@")
    first, _, more = others.partition(",")
    ends = [more.find(mark) for mark in "/?" if mark in more]
    return f"{login}{at}{first}{more[min(ends) :] if ends else ''}"


def _files(options: Mapping[str, Any]) -> str:
    named = [str(options[name]) for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile") if options.get(name)]
    return ", ".join(named) or "no files"
