"""The client: OpenEnv's own, with the types of this environment."""

from typing import Any

from openenv.core.client_types import StepResult
from openenv.core.env_client import EnvClient

from .models import IncidentAction, IncidentObservation, IncidentState


class IncidentEnv(EnvClient[IncidentAction, IncidentObservation, IncidentState]):
    """One episode at a time over one WebSocket; asynchronous, or plain with `.sync()`.

    `reset` takes `scenario_id`, or `task_id` with `scenario_index`, or a `seed` that draws a scenario (of `task_id`, or
    of all), `level` to choose among its scenarios only, and `episode_id`. `step` also takes an action as a dict.
    """

    def _step_payload(self, action: IncidentAction | dict[str, Any]) -> dict[str, Any]:
        if isinstance(action, dict):
            return action
        # `metadata` is OpenEnv's, for the side of the client.
        return action.model_dump(exclude={"metadata"})

    def _parse_result(self, payload: dict[str, Any]) -> StepResult[IncidentObservation]:
        reward, done, metadata = payload.get("reward"), payload.get("done", False), payload.get("metadata") or {}
        observation = IncidentObservation(**payload["observation"], reward=reward, done=done, metadata=metadata)
        result = StepResult(observation=observation, reward=reward, done=done)
        # It has a place of its own from openenv 0.10 on.
        if hasattr(result, "metadata"):
            result.metadata = metadata
        return result

    def _parse_state(self, payload: dict[str, Any]) -> IncidentState:
        return IncidentState(**payload)
