"""How much a process takes on at once, and who goes first when that is not everybody."""

from services.overload.limiter import Limiter
from services.overload.priorities import PREFIXES, Priority, priority_of
from services.overload.turns import Turns

__all__ = ["PREFIXES", "Limiter", "Priority", "Turns", "priority_of"]
