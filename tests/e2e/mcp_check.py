"""Plays incidents as clients of MCP do, each with a package that others wrote. Started by mcp.sh.

mcp_check.py sdk-stdio BENCH | sdk-http URL | openenv URL RUN       RUN is one of the oracle
"""

import asyncio
import json
import sys
from pathlib import Path

CALLS = [
    ("check_metrics", {"service": "recommendation-service"}),
    ("submit_severity", {"severity": "P3"}),
]
EXPECTED = {"query_logs", "check_metrics", "submit_severity", "submit_root_cause", "submit_resolution"}


def check(held, what):
    if not held:
        sys.exit(f"mcp_check.py: {what}")


def check_end(data, who):
    check(data["done"] is True and data["reward"] == 1.02, f"{who}: the last step brought {data['reward']}")
    check(data["metadata"]["grader"]["total"] == 1.0, f"{who}: the grade is {data['metadata']['grader']}")


async def sdk(server, mode):
    """The SDK of the protocol's authors, in both of its ways to begin."""
    from mcp import Client

    async with Client(server, mode=mode) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        check(EXPECTED <= names, f"tools: {sorted(names)}")
        check("start_incident" in names, "start_incident is missing")
        result = await client.call_tool("start_incident", {"scenario_id": "AC-003"})
        check(result.structured_content["observation"]["scenario_id"] == "AC-003", str(result))
        wrong = await client.call_tool("check_metrics", {"service": 3})
        check(wrong.is_error and "expected a string" in wrong.content[0].text, str(wrong))
        for name, arguments in CALLS:
            result = await client.call_tool(name, arguments)
            check(not result.is_error, str(result))
        check_end(result.structured_content, f"the SDK ({mode})")


async def play(client, run):
    """Plays what the oracle played, to its rewards and scores."""
    paths = sorted(Path(run, "trajectories").glob("*.json"))
    check(len(paths) == 9, f"the oracle played {len(paths)} scenarios")
    for path in paths:
        kept = json.loads(path.read_text())
        scenario = kept["episode"]["scenario"]
        await client.reset(scenario_id=scenario)
        for step in (kept["step"] for kept in kept["steps"]):
            data = await client.call_tool(step["action_type"], **step["parameters"])
            told = (data["reward"], data["done"])
            check(told == (step["reward"], step["done"]), f"{scenario}: {step['action_type']} brought {told}")
        total = data["metadata"]["grader"]["total"]
        check(data["done"] and total == kept["score"] == 1.0, f"{scenario}: {total}")
    print(f"  {len(paths)} scenarios, each to 1.0")


async def openenv(url, run):
    """MCPToolClient: over HTTP and an attached socket in its newest release, over a socket alone in the last old one."""
    from openenv.core.env_server.mcp_types import CallToolAction
    from openenv.core.mcp_client import MCPToolClient

    async with MCPToolClient(base_url=url) as client:
        await play(client, run)
        await client.reset(scenario_id="AC-003")
        names = {tool.name for tool in await client.list_tools()}
        check(EXPECTED <= names, f"tools: {sorted(names)}")
        for name, arguments in CALLS:
            data = await client.call_tool(name, **arguments)
        check_end(data, "call_tool")
        state = await client.state()
        check(state.step_count == 2, f"call_tool took {state.step_count} steps")

        await client.reset(scenario_id="AC-003")
        for name, arguments in CALLS:
            step = await client.step(CallToolAction(tool_name=name, arguments=arguments))
            check(step.observation.error is None, f"step: {step.observation.error}")
        check((step.reward, step.done) == (1.02, True), f"step: {step.reward}")
        step = await client.step(CallToolAction(tool_name="nope", arguments={}))
        check(step.observation.error.error_type.value == "tool_not_found", str(step))
        try:
            await client.call_tool("nope")
            check(False, "an unknown tool was called")
        except RuntimeError as error:
            check("Unknown tool: 'nope'" in str(error), str(error))


def main():
    kind, where, *run = sys.argv[1:]
    if kind == "openenv":
        asyncio.run(asyncio.wait_for(openenv(where, *run), 60))
        return
    for mode in ("auto", "legacy"):
        server = where
        if kind == "sdk-stdio":
            from mcp import StdioServerParameters

            server = StdioServerParameters(command=where, args=["mcp"])
        asyncio.run(asyncio.wait_for(sdk(server, mode), 60))


main()
