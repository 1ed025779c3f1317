"""What Redis does in one atomic step: on a diner's blob, whose layout stands in `services.features.codec`, and on the
sums that controls of exposure read.

Who makes a diner anew takes a lease before reading the database, and may put what was read only while the lease is
there (Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, 3.2.1). Whoever changes a diner voids it: what was
read before the change is not stored after it.
"""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha1
from typing import Final

from services.features.codec import DINER_FIXED_LENGTH_AT, DINER_MAGIC, MAX_RECENT, RECENT_DTYPE


@dataclass(frozen=True)
class Script:
    """A Lua script and the name that Redis gives it."""

    text: bytes

    @cached_property
    def sha(self) -> bytes:
        """The argument of EVALSHA."""
        return sha1(self.text, usedforsecurity=False).hexdigest().encode()


_BLOBS: Final = f"""
local magic = '{DINER_MAGIC[:3].decode()}\\{DINER_MAGIC[3]}'
local width = {RECENT_DTYPE.itemsize}
local longest = {MAX_RECENT} * width
local function fixed_length(blob)
  if type(blob) ~= 'string' or string.sub(blob, 1, 4) ~= magic then return nil end
  local low, high = string.byte(blob, {DINER_FIXED_LENGTH_AT + 1}, {DINER_FIXED_LENGTH_AT + 2})
  local length = high and low + 256 * high
  return length and length <= #blob and length or nil
end
local function second(tail, start)
  local a, b, c, d = string.byte(tail, start + 8, start + 11)
  return a + 256 * (b + 256 * (c + 256 * d))
end
"""
_MERGED: Final = f"""{_BLOBS}
local function ranked(tail, start)
  local a, b, c, d, e, f, g, h = string.byte(tail, start, start + 7)
  local kind = string.byte(tail, start + 12)
  return {{
    256 * second(tail, start) + kind,
    d + 256 * (c + 256 * (b + 256 * a)),
    h + 256 * (g + 256 * (f + 256 * e)),
    string.sub(tail, start, start + width - 1)
  }}
end
local function before(one, other)
  for place = 1, 3 do
    if one[place] ~= other[place] then return one[place] > other[place] end
  end
  return false
end
local function merged(more, own)
  if #more == 0 or #own == 0 or second(more, #more - width + 1) > second(own, 1) then
    return string.sub(more .. own, 1, longest)
  end
  local seen, entries = {{}}, {{}}
  local tail = more .. own
  for start = 1, #tail - width + 1, width do
    local entry = ranked(tail, start)
    if not seen[entry[4]] then
      seen[entry[4]] = true
      entries[#entries + 1] = entry
    end
  end
  table.sort(entries, before)
  for place, entry in ipairs(entries) do entries[place] = entry[4] end
  return string.sub(table.concat(entries), 1, longest)
end
local function store(fixed, tail, seconds)
  local old = redis.pcall('GET', KEYS[1])
  local length = fixed_length(old)
  if length then tail = merged(tail, string.sub(old, length + 1)) end
  redis.call('SET', KEYS[1], fixed .. tail, 'EX', seconds)
end
"""
_CHANGED: Final = """
redis.call('DEL', KEYS[2])
if redis.call('EXISTS', KEYS[3]) == 1 then
  local left = redis.pcall('SADD', KEYS[3], KEYS[1])
  if type(left) == 'table' and left.err then redis.call('DEL', KEYS[3]) end
end
"""

LEASE: Final = Script(
    b"""
local token = redis.pcall('GET', KEYS[1])
if type(token) == 'string' then return token end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
"""
)
"""KEYS: the lease; ARGV: a token that nobody else has, seconds to live. The token to put with: all who read a diner at
a time share one, so that none of them keeps another from putting, however often somebody comes."""

PUT: Final = Script(
    f"""{_MERGED}
if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
store(ARGV[2], ARGV[3], ARGV[4])
return 1
""".encode()
)
"""KEYS: the diner, the lease; ARGV: its token, fixed part, recent entries, seconds to live. 1: stored, entries that
Redis has already are kept; 0: the diner has changed since the lease was taken, that was too long ago, or another who
shares the token was faster."""

ADD_RECENT: Final = Script(
    f"""{_MERGED}{_CHANGED}
if redis.call('EXISTS', KEYS[4]) == 1 then return redis.call('UNLINK', KEYS[1]) - 1 end
local blob = redis.call('GET', KEYS[1])
if not blob then return 0 end
local length = fixed_length(blob)
if not length then return redis.error_reply('SPOILT not a diner of this version') end
local tail = merged(ARGV[1], string.sub(blob, length + 1))
redis.call('SET', KEYS[1], string.sub(blob, 1, length) .. tail, 'EX', ARGV[2])
return 1
""".encode()
)
"""KEYS: the diner, the lease, the warm-ups, the diner's being gone; ARGV: entries, seconds to live. 1: added; below: no
such diner, or one who was dropped a moment ago: the events may be from before, and erased with the diner."""

DROP: Final = Script(
    f"""{_CHANGED}
redis.call('SET', KEYS[4], '', 'EX', ARGV[1])
return redis.call('UNLINK', KEYS[1])
""".encode()
)
"""KEYS: the diner, the lease, the warm-ups, the diner's being gone; ARGV: for how many seconds events that were sent
before may still come."""

BEGIN_WARM_UP: Final = Script(
    b"""
local begun = redis.pcall('SADD', KEYS[1], ARGV[1])
if type(begun) == 'table' and begun.err then
  redis.call('DEL', KEYS[1])
  redis.call('SADD', KEYS[1], ARGV[1])
end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
)
"""KEYS: the warm-ups; ARGV: a token that nobody else has, seconds to live. One lease on all diners of a market: as long
as it is there, whoever changes a diner leaves the diner's key beside it."""

WARM: Final = Script(
    f"""{_MERGED}
if redis.call('SISMEMBER', KEYS[2], ARGV[1]) == 0 then return redis.error_reply('LAPSED') end
redis.call('EXPIRE', KEYS[2], ARGV[5])
if redis.call('SISMEMBER', KEYS[2], KEYS[1]) == 1 then return 0 end
store(ARGV[2], ARGV[3], ARGV[4])
return 1
""".encode()
)
"""KEYS: the diner, the warm-ups; ARGV: the warm-up's token, new fixed part, recent entries, seconds to live of the
diner and of the warm-ups. 1: stored, entries that Redis has already are kept; 0: the diner has changed meanwhile."""

BEGIN_SUMS: Final = Script(
    b"""
if redis.call('HEXISTS', KEYS[1], 'since') == 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'since', ARGV[2])
for i = 3, #ARGV, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
)
"""KEYS: the sums; ARGV: seconds to live, until when the log has been counted, then names and numbers. 1: they begin
with these, 0: another process was faster."""

ADD_SUMS: Final = Script(
    b"""
local since = redis.call('HGET', KEYS[1], 'since')
if not since then return -1 end
if tonumber(redis.call('GET', KEYS[2]) or '-1') >= tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'EX', 86400)
if tonumber(ARGV[2]) < tonumber(since) then return 0 end
for i = 4, #ARGV, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
)
"""KEYS: the sums, the number of this process's last batch; ARGV: seconds to live, when the batch began, its number,
then names and numbers. 1: added; 0: it has been, or it may be in what the sums began with; -1: there are no sums."""
