"""A policy: the small versioned document that says how lists are made. Never code."""

from pydantic import BaseModel, ConfigDict, Field


class Policy(BaseModel):
    """All dials of the ranking. Every answer names the version that made it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="balanced", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    version: int = Field(default=1, ge=1)
    shortlist: int = Field(default=200, ge=20, le=5_000)
    """Restaurants that are scored in full; the rest is cut off by the model's score alone."""
    recency_gain: float = Field(default=0.5, ge=0.0, le=10.0)
    """How far one fresh order lifts its restaurant, in standard deviations of the diner's scores; 0 switches it off."""
    recency_half_life_hours: float = Field(default=72.0, gt=0.0, le=24.0 * 365)
    exploration: float = Field(default=0.0, ge=0.0, le=1.0)
    """Temperature of the Plackett-Luce sampling, in units of order probability; 0 shows the best list always."""
    radius_km: float = Field(default=8.0, gt=0.0, le=500.0)
    """How far from a named place restaurants are looked for, when the request does not say."""
