"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from services.bootstrap import Services
from services.monitoring.requests import RequestNotes


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _notes(request: Request) -> RequestNotes:
    notes: RequestNotes = request.state.notes
    return notes


ServicesDep = Annotated[Services, Depends(_services)]
"""The objects that the composition root built."""

NotesDep = Annotated[RequestNotes, Depends(_notes)]
"""What the log and the trace are to know of this request; the edge made them."""
