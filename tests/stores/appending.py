"""A process that stores events and says which are acknowledged, until it is killed.

python appending.py URL ROUND COUNT [one-by-one]: appends the events ROUND-0, ROUND-1, … and prints each id after its
acknowledgement; COUNT 0: for ever. Eight callers at a time share commits, or one waits for each event alone.
"""

import asyncio
import itertools
import os
import sys

from happenings import event

from services.database.engine import open_database
from services.events.commit import GroupCommit
from services.events.log import EventLog, Outcome


async def append_until_killed(url: str, round_name: str, count: int, callers: int) -> None:
    """Print what is acknowledged; os.write, so that nothing acknowledged waits in a buffer of this process."""
    numbers = iter(range(count)) if count else itertools.count()
    async with GroupCommit(EventLog(open_database(url))) as commit:

        async def caller() -> None:
            for number in numbers:
                delivered = event(f"{round_name}-{number}", value=float(number))
                assert await commit.append([delivered]) == [Outcome.STORED]
                os.write(1, f"{delivered.event_id}\n".encode())

        await asyncio.gather(*(caller() for _ in range(callers)))


if __name__ == "__main__":
    asyncio.run(append_until_killed(sys.argv[1], sys.argv[2], int(sys.argv[3]), 1 if "one-by-one" in sys.argv else 8))
