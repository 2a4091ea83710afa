#!/usr/bin/env python3
"""Serves the three APIs with the types of OpenAI's and Anthropic's own packages, lets a run play there, and checks each of its
requests by those types.

    sdks_check.py BENCH
"""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import typing

from pydantic import TypeAdapter

# The types say of lists that they can be iterated over, and pydantic makes iterators of them, which can be read only once.
iterable, typing.Iterable = typing.Iterable, typing.List
import anthropic.types as claude
import openai.types.chat as chat
import openai.types.responses as responses
from anthropic.types.message_create_params import MessageCreateParamsStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

typing.Iterable = iterable

FORMS = {
    "/v1/chat/completions": TypeAdapter(CompletionCreateParamsStreaming),
    "/v1/responses": TypeAdapter(ResponseCreateParamsStreaming),
    "/v1/messages": TypeAdapter(MessageCreateParamsStreaming),
}
# What is asked for beside the types: DeepSeek and others insist on the thoughts that they sent.
BESIDE = {"/v1/chat/completions": {"reasoning_content"}, "/v1/responses": set(), "/v1/messages": set()}
THOUGHTS, SIGNATURE = "One look, then the answer.", "EqQBCkYIBxgCKkA="
problems, plays_back = [], set()


def left_out(given, kept, path=""):
    """The places of a request that its type does not know."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key not in kept:
                yield f"{path}.{key}"
            else:
                yield from left_out(value, kept[key], f"{path}.{key}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for index, (one, other) in enumerate(zip(given, kept)):
            yield from left_out(one, other, f"{path}.{index}")
    elif given != kept:
        yield f"{path} = {given!r}, read as {kept!r}"


def check(path, request):
    form = FORMS[path]
    kept = form.dump_python(form.validate_python(request), mode="json", warnings=False)
    for place in left_out(request, kept):
        if place.rpartition(".")[2] not in BESIDE[path]:
            problems.append(f"{path}: {place}")


def turn_of(path, request):
    """How many answers the conversation has, and the name and the arguments of the call that follows."""
    past = request["input"] if path == "/v1/responses" else request["messages"]
    turn = sum(item.get("type") == "function_call" or item.get("role") == "assistant" for item in past)
    functions = [tool.get("function", tool) for tool in request["tools"]]
    name = "check_metrics" if turn == 0 else next(f["name"] for f in functions if f["name"].startswith("submit_"))
    schema = next(f for f in functions if f["name"] == name)
    properties = (schema.get("parameters") or schema["input_schema"])["properties"]
    arguments = {key: value["enum"][0] if "enum" in value else "what had failed was restarted" for key, value in properties.items()}
    return turn, name, json.dumps(arguments)


def of_chat(request):
    turn, name, arguments = turn_of("/v1/chat/completions", request)
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    call = {"index": 0, "id": f"call_{turn}", "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [
        {"role": "assistant", "reasoning_content": THOUGHTS},
        {"tool_calls": [call]},
        {"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]},
    ]
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": request["model"]}
    choices = [[{"index": 0, "delta": delta}] for delta in pieces] + [[{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], []]
    for place, choice in enumerate(choices):
        yield None, chat.ChatCompletionChunk(**base, choices=choice, usage=usage if place + 1 == len(choices) else None)
    if turn and all(m.get("reasoning_content") == THOUGHTS for m in request["messages"] if m["role"] == "assistant"):
        plays_back.add("chat")


def of_responses(request):
    turn, name, arguments = turn_of("/v1/responses", request)
    thought = {"type": "reasoning", "id": f"rs_{turn}", "encrypted_content": SIGNATURE, "status": "completed",
               "summary": [{"type": "summary_text", "text": THOUGHTS}]}
    call = {"type": "function_call", "id": f"fc_{turn}", "call_id": f"call_{turn}", "name": name, "status": "completed"}
    base = {"id": f"resp_{turn}", "object": "response", "created_at": 0, "model": request["model"],
            "parallel_tool_calls": False, "tool_choice": "required", "tools": request["tools"]}
    usage = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110, "output_tokens_details": {"reasoning_tokens": 6},
             "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0}}
    number = iter(range(100))

    def event(of, kind, **fields):
        return f"response.{kind}", of(type=f"response.{kind}", sequence_number=next(number), **fields)

    yield event(responses.ResponseCreatedEvent, "created", response={**base, "status": "in_progress", "output": []})
    yield event(responses.ResponseOutputItemAddedEvent, "output_item.added", output_index=0, item={**thought, "summary": []})
    yield event(responses.ResponseOutputItemDoneEvent, "output_item.done", output_index=0, item=thought)
    yield event(responses.ResponseOutputItemAddedEvent, "output_item.added", output_index=1, item={**call, "arguments": ""})
    yield event(responses.ResponseFunctionCallArgumentsDeltaEvent, "function_call_arguments.delta", item_id=call["id"],
                output_index=1, delta=arguments)
    call["arguments"] = arguments
    yield event(responses.ResponseOutputItemDoneEvent, "output_item.done", output_index=1, item=call)
    whole = {**base, "status": "completed", "output": [thought, call], "usage": usage}
    yield event(responses.ResponseCompletedEvent, "completed", response=whole)
    if any(item.get("encrypted_content") == SIGNATURE for item in request["input"]):
        plays_back.add("responses")


def of_messages(request):
    turn, name, arguments = turn_of("/v1/messages", request)
    usage = {"input_tokens": 100, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    message = {"id": f"msg_{turn}", "type": "message", "role": "assistant", "model": request["model"], "content": [], "usage": usage}
    events = [
        claude.RawMessageStartEvent(type="message_start", message=message),
        claude.RawContentBlockStartEvent(type="content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
        *(claude.RawContentBlockDeltaEvent(type="content_block_delta", index=0, delta=delta) for delta in (
            {"type": "thinking_delta", "thinking": THOUGHTS}, {"type": "signature_delta", "signature": SIGNATURE})),
        claude.RawContentBlockStopEvent(type="content_block_stop", index=0),
        claude.RawContentBlockStartEvent(type="content_block_start", index=1, content_block={"type": "tool_use", "id": f"toolu_{turn}", "name": name, "input": {}}),
        claude.RawContentBlockDeltaEvent(type="content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": arguments}),
        claude.RawContentBlockStopEvent(type="content_block_stop", index=1),
        claude.RawMessageDeltaEvent(type="message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 10}),
        claude.RawMessageStopEvent(type="message_stop"),
    ]
    yield from ((event.type, event) for event in events)
    blocks = [block for m in request["messages"] if m["role"] == "assistant" for block in m["content"]]
    if any(block.get("signature") == SIGNATURE and block["thinking"] == THOUGHTS for block in blocks):
        plays_back.add("messages")


ANSWERS = {"/v1/chat/completions": of_chat, "/v1/responses": of_responses, "/v1/messages": of_messages}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            check(self.path, request)
            events = list(ANSWERS[self.path](request))
        except Exception as error:
            problems.append(f"{self.path}: {error!r}"[:2000])
            events = []
        data = "".join((f"event: {name}\n" if name else "") + f"data: {event.model_dump_json(exclude_unset=True)}\n\n" for name, event in events)
        data = (data + ("data: [DONE]\n\n" if self.path.endswith("completions") else "")).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    apis = ("chat", "responses", "messages")
    with tempfile.TemporaryDirectory() as folder:
        for more in (["--think", "on"], ["--reasoning-effort", "high", "--max-tokens", "4096"]):
            models = ",".join(f"thinker?api={api}" for api in apis)
            command = [sys.argv[1], "--model", models, "--base-url", f"http://127.0.0.1:{server.server_port}/v1", "--agent", "llm",
                       "--protocol", "tools", "--out", "results", "--format", "json", "--quiet", *more]
            environment = {"PATH": os.environ["PATH"], "HOME": folder, "API_KEY": "key-of-nobody-123"}
            ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
            assert not problems, "\n".join(sorted(set(problems))[:20])
            assert ran.returncode == 0, ran.stderr
            for row in json.loads(ran.stdout)["rows"]:
                assert row["void"] == 0 and row["fallback_steps"] == 0 and row["steps"] == row["calls"], row
                assert row["usage"]["prompt_tokens"] == 100 * row["calls"], row["usage"]
                print(f"    {row['model']} {' '.join(more)}: {row['episodes']} episodes, {row['calls']} calls")
    assert plays_back == set(apis), plays_back


main()
