"""What routes ask for."""

from typing import Annotated

from fastapi import Depends, Request

from services.bootstrap import Services


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]
"""The objects that the composition root built."""
