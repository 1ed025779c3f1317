"""Parts of a model card."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from models.cards.figures import Figure


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Standing(_Part):
    """What the version is in its market."""

    state: str = Field(examples=["champion"])
    since: datetime
    reason: str
    served: bool = Field(description="Whether it is or has been champion.")


class Parameter(_Part):
    """A parameter of the model."""

    name: str
    value: str


class Details(_Part):
    """What the version was made with."""

    parameters: list[Parameter]
    dimensions: int | None = Field(description="Of the vectors that it serves with.")
    libraries: dict[str, str]
    kept: bool = Field(description="Whether its files are there and whole.")


class Quality(_Part):
    """One thing that was looked at before its data was learnt from."""

    name: str
    stops: list[str]
    notes: list[str]
    figures: dict[str, float]


class DataFacts(_Part):
    """What it has learnt from. Null: not told."""

    source: str | None = Field(default=None, description="`synthetic`: an invented city.")
    snapshot: str | None = Field(default=None, description="A hash of the data.")
    since: datetime | None = None
    until: datetime | None = None
    split: str | None = Field(default=None, description="How what it was measured on was held out.")
    diners: int | None = None
    restaurants: int | None = None
    positives: int | None = Field(default=None, description="Choices in the log: orders, clicks, good ratings.")
    learnt_from: int | None = Field(default=None, description="Of these, what the measured fit has learnt from.")
    tested_on: int | None = None
    diners_measured: int | None = None
    rejected: int | None = Field(default=None, description="Rows that the import refused; null: nothing was imported.")
    assumptions: list[str] = Field(default=[], description="What the importer had to assume.")
    run: str | None = Field(default=None, description="The retraining run that made it.")
    window_days: int | None = Field(default=None, description="Days of log that the run took; 0: all.")
    quality: list[Quality] = Field(default=[], description="Empty where no retraining run has looked.")


class Questioned(_Part):
    """A question with the figures of all who were asked it, the version's own first."""

    question: str
    words: str
    models: dict[str, dict[str, Figure]]


class Versus(_Part):
    """By how much it was better than a rival, diner by diner."""

    question: str
    rival: str
    figures: dict[str, Figure]


class Accuracy(_Part):
    """Figures on data that it had not seen when it was measured."""

    questions: list[Questioned] = []
    against: list[Versus] = []

    def own(self, question: str, model: str) -> dict[str, Figure]:
        """A model's figures on a question; empty where it was not asked."""
        return next((one.models.get(model, {}) for one in self.questions if one.question == question), {})


class GroupFigure(_Part):
    """nDCG@10 in a group of diners."""

    group: str
    diners: int
    figure: Figure
    popular: Figure | None = Field(description="What popularity alone reaches there.")


class CalibrationFacts(_Part):
    """Whether its probabilities are what happens."""

    assumed: bool = Field(description="Its data had no impressions: the curve is a guess.")
    errors: dict[str, Figure]
    examination: list[float] = Field(description="Chance of a look at each position, from the top.")
