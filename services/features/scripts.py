"""What Redis does in one atomic step: on a diner's blob, whose layout stands in `services.features.codec`, and on the
sums of `services.features.exposures`."""

from dataclasses import dataclass
from hashlib import sha1
from typing import Final

from services.features.codec import DINER_FIXED_LENGTH_AT, DINER_MAGIC, MAX_RECENT, RECENT_DTYPE


@dataclass(frozen=True)
class Script:
    """A Lua script and the name that Redis gives it."""

    text: bytes

    @property
    def sha(self) -> bytes:
        """The argument of EVALSHA."""
        return sha1(self.text, usedforsecurity=False).hexdigest().encode()


_FIXED_PART: Final = f"""
local magic = '{DINER_MAGIC[:3].decode()}\\{DINER_MAGIC[3]}'
local function fixed_length(blob)
  if type(blob) ~= 'string' or string.sub(blob, 1, 4) ~= magic then return nil end
  local low, high = string.byte(blob, {DINER_FIXED_LENGTH_AT + 1}, {DINER_FIXED_LENGTH_AT + 2})
  local length = high and low + 256 * high
  return length and length <= #blob and length or nil
end
"""

ADD_RECENT: Final = Script(
    f"""{_FIXED_PART}
local blob = redis.call('GET', KEYS[1])
if not blob then return 0 end
local fixed = fixed_length(blob)
if not fixed then return redis.error_reply('SPOILT not a diner of this version') end
local tail = ARGV[1] .. string.sub(blob, fixed + 1)
tail = string.sub(tail, 1, {MAX_RECENT * RECENT_DTYPE.itemsize})
redis.call('SET', KEYS[1], string.sub(blob, 1, fixed) .. tail, 'EX', ARGV[2])
return 1
""".encode()
)
"""KEYS: the diner; ARGV: entries, seconds to live. 1: added, 0: no such diner."""

RENEW: Final = Script(
    f"""{_FIXED_PART}
local old = redis.pcall('GET', KEYS[1])
local fixed = fixed_length(old)
local tail = fixed and #old > fixed and string.sub(old, fixed + 1) or ARGV[2]
redis.call('SET', KEYS[1], ARGV[1] .. tail, 'EX', ARGV[3])
return 1
""".encode()
)
"""KEYS: the diner; ARGV: new fixed part, recent entries, seconds to live. Entries that Redis has already win: they may
be newer than what the caller read, and none may be lost while all diners get the vectors of a new model."""

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
