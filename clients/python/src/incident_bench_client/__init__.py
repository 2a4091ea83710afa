"""Typed OpenEnv client for `bench serve --openenv`."""

from .client import IncidentEnv
from .models import IncidentAction, IncidentObservation, IncidentState

__all__ = ["IncidentAction", "IncidentEnv", "IncidentObservation", "IncidentState"]
