"""Every number of the city, in one frozen place: fixed before models are compared, and written into the truth."""

import math
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ChoiceModel(StrEnum):
    """How a diner decides among what is shown."""

    NESTED = "nested"
    """Nested logit over what was looked at, cuisines are the nests."""
    MULTINOMIAL = "multinomial"
    """The same without nests: any two restaurants are equally close substitutes."""
    CASCADE = "cascade"
    """From the top downwards; the first that is good enough is taken and nothing below it is looked at."""


class CityParameters(BaseModel):
    """Coefficients of the diners' choice, of the population and of the logging policy; the defaults are the city.

    Utilities are in units of the choice noise: a difference of 1 multiplies the odds between two restaurants of
    different cuisines by e.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # -- utility of a restaurant
    latent_dimensions: int = Field(default=8, ge=1, le=64)
    """Dimensions of the latent taste space."""
    taste_sd: float = Field(default=1.5, ge=0)
    """Standard deviation of taste·style over restaurants, for a typical diner: the personal part of utility."""
    segment_share: float = Field(default=0.6, ge=0, le=1)
    """Share of the variance of taste that comes from a diner's segment; the rest is the diner's own."""
    segments: int = Field(default=12, ge=1)
    """Segments of taste in the population."""
    cuisine_share: float = Field(default=0.7, ge=0, le=1)
    """Share of the variance of a restaurant's style that comes from its cuisines; the rest is its own."""
    quality_sd: float = Field(default=0.6, ge=0)
    """Standard deviation of quality, on which all diners agree."""
    chain_quality_spread: float = Field(default=0.3, ge=0, le=1)
    """Standard deviation of quality among the branches of one chain, relative to `quality_sd`."""
    travel_time: float = Field(default=1.5, ge=0)
    """Mean gamma, the coefficient of log travel time (Davis et al.: half as far, 2 to 4 times as likely: 1 to 2)."""
    travel_time_sd: float = Field(default=0.3, ge=0)
    """Standard deviation of gamma over diners (truncated at a fifth of the mean)."""
    price: float = Field(default=0.6, ge=0)
    """Mean coefficient of log(price / budget)."""
    price_sd: float = Field(default=0.25, ge=0)
    """Standard deviation of the price coefficient over diners (truncated at 0)."""
    variety: float = Field(default=0.5, ge=0)
    """Loss of utility when the same cuisine was ordered at this moment; it fades with `variety_days`."""
    variety_days: float = Field(default=2.0, gt=0)
    """Days after which a recent cuisine weighs 1/e."""
    habit: float = Field(default=0.9, ge=0)
    """Gain for each doubling of (1 + past orders at the restaurant)."""
    memory: int = Field(default=6, ge=1, le=32)
    """Restaurants that a diner keeps in mind; the one ordered from longest ago is forgotten first."""
    rain_delivery: float = Field(default=0.6)
    """Gain of a restaurant that delivers, on a rainy day."""
    daypart: float = Field(default=1.0, ge=0)
    """Strength of the fit between the cuisine and the time of day."""

    # -- from utility to behaviour
    choice_model: ChoiceModel = ChoiceModel.NESTED
    nest_correlation: float = Field(default=0.75, gt=0, le=1)
    """mu of the nests (cuisines): 1 is the plain multinomial logit; smaller means closer substitutes in a cuisine."""
    outside: float = Field(default=-0.35)
    """Mean utility of ordering nothing here: cooking, or another app."""
    outside_sd: float = Field(default=0.5, ge=0)
    """Its standard deviation over diners."""
    cascade_outside: float = Field(default=1.6)
    """What is added to it in the cascade, where each restaurant is held against it alone."""
    examination_decay: float = Field(default=0.1, ge=0)
    """theta_k = exp(-decay · (k - 1)): probability that the diner looks at position k."""
    click_margin: float = Field(default=0.0)
    """A restaurant is opened when it is looked at and its utility is above the outside option's mean less this."""
    dismiss_below: float = Field(default=4.5)
    """A restaurant this far below the outside option's mean annoys the diner who looks at it …"""
    dismiss_probability: float = Field(default=0.1, ge=0, le=1)
    """… who dismisses it with this probability."""

    # -- visits
    visits_per_day: float = Field(default=0.3, gt=0, lt=1)
    """Mean probability that a diner opens the app on a day."""
    visit_concentration: float = Field(default=2.5, gt=0)
    """a + b of the Beta distribution of that probability over diners: smaller is more unequal."""
    weekend: float = Field(default=1.2, gt=0)
    """Factor of visits from Friday to Sunday; the other days make up for it."""
    late_diners: float = Field(default=0.12, ge=0, le=1)
    """Share of diners who join during the log."""
    rain: float = Field(default=0.3, ge=0, le=1)
    """Share of rainy days."""
    rain_persistence: float = Field(default=0.5, ge=0, lt=1)
    """Correlation of a day's weather with the day before."""
    warm_up_days: int = Field(default=14, ge=0)
    """Days simulated before the log starts, so that habits and popularity are there on its first day."""

    # -- population
    chains: float = Field(default=0.25, ge=0, le=1)
    """Share of restaurants that belong to a chain."""
    newcomers: float = Field(default=0.06, ge=0, le=1)
    """Share of restaurants that open during the log."""
    delivers: float = Field(default=0.6, ge=0, le=1)
    """Share of restaurants that deliver."""
    radius_km: float = Field(default=6.0, gt=0)
    """Radius of a city of 1,000 restaurants; it grows with the number to the power 0.35."""
    profile_reliability: float = Field(default=0.7, ge=0, le=1)
    """Correlation between what a profile tag says and the latent trait behind it."""
    profile_answered: float = Field(default=0.75, ge=0, le=1)
    """Share of the questions of the profile that a diner answers."""
    protected_taste: float = Field(default=0.5, ge=0, le=1)
    """Share of diners whose segment of taste is the typical one of their origin and age group."""

    # -- what follows an order
    rating_probability: float = Field(default=0.1, ge=0, le=1)
    """Probability of a rating after a meal that is as good as expected."""
    rating_self_selection: float = Field(default=0.1, ge=0)
    """What one standard deviation of surprise, good or bad, adds to it."""
    rating_mean: float = Field(default=3.3, ge=1, le=5)
    """Stars of the mean restaurant for the mean diner; those who order have chosen better."""
    rating_luck: float = Field(default=1.2, ge=0)
    """Standard deviation of the surprise, in stars."""
    rating_delay_hours: float = Field(default=5.0, gt=0)
    """Median delay of a rating (lognormal, sigma 1)."""

    # -- campaigns
    advertisers: float = Field(default=0.15, ge=0, le=1)
    """Share of restaurants that advertise."""
    advertisers_per_order: float = Field(default=0.4, ge=0, le=1)
    """Share of the campaigns that pay by the order; the others pay by the click."""
    bid_click: float = Field(default=40.0, gt=0)
    """Median bid for a click, in euro cents (other currencies by their scale)."""
    bid_order: float = Field(default=250.0, gt=0)
    """Median bid for an order, in euro cents."""
    bid_sd: float = Field(default=0.5, ge=0)
    """Standard deviation of log bids."""
    daily_budget: float = Field(default=1.0, gt=0)
    """Median daily budget, relative to what an equal share of the day's sold clicks would cost at the bid."""
    daily_budget_sd: float = Field(default=0.8, ge=0)
    """Standard deviation of its log."""

    # -- the logging policy
    list_length: int = Field(default=10, ge=1, le=100)
    """Restaurants shown for a request."""
    policy_popularity: float = Field(default=0.35)
    """Weight of log popularity in the policy's score."""
    policy_proximity: float = Field(default=1.0)
    """Weight of -log travel time, from the middle of the diner's cell."""
    policy_order_again: float = Field(default=2.7)
    """Bonus of a restaurant among the diner's last ones, in a city of 1,000; it grows with half
    the log of their number, so that a known place is not lost among more."""
    policy_temperature: float = Field(default=1.0, gt=0)
    """Temperature of the Plackett-Luce draw: higher explores more."""
    policy_reach_km: float = Field(default=7.0, gt=0)
    """Restaurants farther than this are not shown; all nearer ones that are open can be."""
    popularity_half_life_days: float = Field(default=14.0, gt=0)
    """Half-life of an order in the policy's popularity."""
    popularity_floor: float = Field(default=0.2, gt=0)
    """What a restaurant without orders counts as, relative to the mean."""

    @property
    def nest_mu(self) -> float:
        """mu of the choice model's nests."""
        return self.nest_correlation if self.choice_model is ChoiceModel.NESTED else 1.0

    def city_radius_km(self, restaurants: int) -> float:
        """Radius of a city with this many restaurants."""
        return self.radius_km * math.pow(restaurants / 1000, 0.35)

    def cell_edge_km(self, restaurants: int) -> float:
        """Edge of the cells by which the logging policy knows where a diner lives."""
        return self.city_radius_km(restaurants) / 8

    def surely_shown_km(self, restaurants: int) -> float:
        """Every open restaurant this near to a home has a positive chance in the log.

        The policy's reach is from the middle of the home's cell, which is half a diagonal away at most (and a hundredth
        more: cells are not quite square on a sphere).
        """
        return max(self.policy_reach_km - 1.01 * self.cell_edge_km(restaurants) / math.sqrt(2), 0.0)

    def order_again_bonus(self, restaurants: int) -> float:
        """The policy's bonus of a known restaurant in a city with this many."""
        return self.policy_order_again + 0.5 * math.log(restaurants / 1000)
