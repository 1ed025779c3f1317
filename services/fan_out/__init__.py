"""Work over markets, policies and seeds, on an engine: processes here, a Ray cluster, or another backend of joblib.

The face is `Engine` and `fan_out`. Nothing else of the project starts processes to share out work.
"""

from services.fan_out.engine import LOCAL, RAY, Done, Engine, EngineError, fan_out, in_order

__all__ = ["LOCAL", "RAY", "Done", "Engine", "EngineError", "fan_out", "in_order"]
