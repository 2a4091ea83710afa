"""What travels between client and server. The server's `/schema` is the contract; a test holds these against it."""

from typing import Any

from openenv.core.env_server.types import Action, Observation, State
from pydantic import ConfigDict, Field


class IncidentAction(Action):
    """One action: a look, a repair, or the answer that ends the episode."""

    action_type: str
    """What to do; `available_actions` of the observation lists what the task offers. Another name costs points."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Its parameters, such as `service`, `severity`, `failure_mode`, `summary`, `flag` or `runbook_action`. Looks at generated
    incidents also take `metric`, `by`, `window`, `match` and `level`."""


class IncidentObservation(Observation):
    """What an agent sees. `reward`, `done` and `metadata` are those of the last step."""

    # A newer server may say more.
    model_config = ConfigDict(extra="allow")

    episode_id: str
    task_id: str
    scenario_id: str
    step_count: int
    max_steps: int
    incident_summary: str
    alert: dict[str, Any]
    available_actions: list[str]
    queried_data: dict[str, dict[str, str]]
    """What was brought up so far: by action, then by target, which the parameters of a look follow."""
    known_services: list[str]
    cumulative_reward: float | None
    """The sum of all rewards; None in an exam."""
    feedback: str
    last_action_error: str | None
    """Why the last action was refused."""
    available_runbooks: list[str]
    feature_flags: list[str]
    mechanisms: list[str] = Field(default_factory=list)
    """What an answer can call the failure by, in simulated incidents; empty where it may use its own words."""
    action_schema: dict[str, Any] | None = None
    """The actions with their parameters, and what mechanisms, verbs and the rules of the grade mean; in the first observation
    of a simulated incident only."""


class IncidentState(State):
    """The state of an episode, for those who train or debug; an agent sees observations."""

    task_id: str
    scenario_id: str
    max_steps: int
    action_history: list[dict[str, Any]]
    queried_data: dict[str, dict[str, str]]
    submitted: bool
    resolved: bool | None
    """Whether a resolution was submitted that counts; None in an exam."""
    done: bool
    cumulative_reward: float | None
    feedback: str
