"""The forms in which a document is given out."""

from enum import StrEnum


class Form(StrEnum):
    """A form of a document."""

    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
