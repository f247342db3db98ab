"""A model server with a script, in the wire formats that real coding agents speak.

    python scripted_model.py SCRIPT.json [--log FILE]

The script is a list of steps: {"write": PATH, "text": TEXT}, {"run": COMMAND} or {"say": TEXT}. How
many tool results a conversation holds tells which step is next; beyond the last one that is said
again. Which of an agent's tools takes a step is found by the names that it offers. Speaks
Anthropic's messages, OpenAI's responses and chat completions, and Gemini's. Prints its address.
"""

import argparse
import itertools
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WRITERS = ("Write", "write_file", "write")
RUNNERS = ("Bash", "exec_command", "shell_command", "shell", "run_shell_command", "bash")
_numbers = itertools.count(1)


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: list
    log: str | None = None

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.send({"object": "list", "data": [{"id": "scripted", "object": "model"}], "models": []})

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            body = {}
        if self.log:
            with Path(self.log).open("a") as log:
                log.write(json.dumps({"path": self.path, "body": body}) + "\n")
        path = self.path.partition("?")[0]
        if path.endswith("/count_tokens"):
            self.send({"input_tokens": 10})
        elif path.endswith("/messages"):
            self.events(anthropic(body, self.script), body.get("stream"))
        elif path.endswith("/responses"):
            self.events(responses(body, self.script), True)
        elif path.endswith("/chat/completions"):
            self.events(completions(body, self.script), body.get("stream"))
        elif "enerateContent" in path:
            self.events(gemini(body, self.script), "stream" in path)
        else:
            self.send({"data": [], "models": []})

    def events(self, events, stream):
        if not stream:
            self.send(events[-1][2])
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for name, event, _ in events:
            head = f"event: {name}\n" if name else ""
            data = event if isinstance(event, str) else json.dumps(event)
            self.wfile.write(f"{head}data: {data}\n\n".encode())
        self.close_connection = True

    def send(self, document, status=200):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def next_step(script, results, tools):
    """The step after so many results; without tools (a title is asked for) only words."""
    if not tools:
        return {"say": "A scripted session"}
    return script[min(results, len(script) - 1)]


def as_call(step, tools):
    """The name of the tool that takes the step, and its arguments."""
    if "run" in step:
        name = next(one for one in RUNNERS if one in tools)
        command = step["run"]
        if name == "shell" and "shell" in tools:
            return name, {"command": ["bash", "-lc", command]}
        key = "cmd" if name == "exec_command" else "command"
        return name, {key: command, "description": "Run a command"}
    name = next((one for one in WRITERS if one in tools), None)
    if name is None:
        return as_call({"run": patching(step)}, tools)
    key = "filePath" if name == "write" else "file_path"
    return name, {key: step["write"], "content": step["text"]}


def patching(step):
    return f"apply_patch <<'EOF'\n{patch_of(step)}\nEOF"


def patch_of(step):
    lines = "\n".join(f"+{line}" for line in step["text"].splitlines())
    return f"*** Begin Patch\n*** Add File: {step['write']}\n{lines}\n*** End Patch"


def anthropic(body, script):
    tools = {tool.get("name") for tool in body.get("tools") or ()}
    blocks = [
        block
        for message in body.get("messages", ())
        if isinstance(message.get("content"), list)
        for block in message["content"]
    ]
    results = sum(block.get("type") == "tool_result" for block in blocks)
    step = next_step(script, results, tools & {"Bash"} and tools)
    number = next(_numbers)
    usage = {"input_tokens": 100, "output_tokens": 20}
    message = {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "model": body.get("model"),
        "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    events = [("message_start", {"type": "message_start", "message": message}, None)]
    if "say" in step:
        block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": step["say"]}
        whole, stop = {"type": "text", "text": step["say"]}, "end_turn"
    else:
        name, arguments = as_call(step, tools)
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        whole, stop = block | {"input": arguments}, "tool_use"
    start = {"type": "content_block_start", "index": 0, "content_block": block}
    end = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}}
    events += [
        ("content_block_start", start, None),
        ("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}, None),
        ("content_block_stop", {"type": "content_block_stop", "index": 0}, None),
        ("message_delta", end | {"usage": {"output_tokens": 20}}, None),
    ]
    told = message | {"content": [whole], "stop_reason": stop}
    return [*events, ("message_stop", {"type": "message_stop"}, told)]


def responses(body, script):
    offered = body.get("tools") or ()
    tools = {tool.get("name") for tool in offered}
    free = {tool.get("name") for tool in offered if tool.get("type") == "custom"}
    items = body.get("input") if isinstance(body.get("input"), list) else []
    results = sum(str(item.get("type", "")).endswith("_call_output") for item in items)
    step = next_step(script, results, tools)
    number = next(_numbers)
    if "say" in step:
        content = [{"type": "output_text", "text": step["say"], "annotations": []}]
        item = {"type": "message", "role": "assistant", "id": f"msg_{number}", "content": content}
    elif "write" in step and "apply_patch" in free:
        item = {
            "type": "custom_tool_call", "id": f"ctc_{number}", "call_id": f"call_{number}",
            "name": "apply_patch", "input": patch_of(step),
        }  # fmt: skip
    else:
        name, arguments = as_call(step, tools)
        item = {
            "type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}",
            "name": name, "arguments": json.dumps(arguments),
        }  # fmt: skip
    usage = {
        "input_tokens": 100, "output_tokens": 20, "total_tokens": 120,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    answer = {"id": f"resp_{number}", "object": "response", "output": [item], "usage": usage}
    made = {"type": "response.created", "response": {"id": f"resp_{number}"}}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    end = {"type": "response.completed", "response": answer}
    return [(event["type"], event, answer) for event in (made, done, end)]


def completions(body, script):
    tools = {tool["function"]["name"] for tool in body.get("tools") or ()}
    results = sum(message.get("role") == "tool" for message in body.get("messages", ()))
    number = next(_numbers)
    # An agent without tools (Aider) is answered by turns.
    step = script[min(number, len(script)) - 1] if Model.by_turns else None
    step = step or next_step(script, results, tools)
    if "say" in step:
        delta, finish = {"role": "assistant", "content": step["say"]}, "stop"
    else:
        name, arguments = as_call(step, tools)
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
        delta, finish = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    head = {"id": f"chatcmpl-{number}", "created": 1, "model": body.get("model", "scripted")}
    chunk = head | {"object": "chat.completion.chunk"}
    whole = head | {
        "object": "chat.completion", "usage": usage,
        "choices": [{"index": 0, "message": delta, "finish_reason": finish}],
    }  # fmt: skip
    first = chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    last = chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}], "usage": usage}
    return [(None, first, None), (None, last, None), (None, "[DONE]", whole)]


def gemini(body, script):
    tools = {
        one["name"]
        for tool in body.get("tools") or ()
        for one in tool.get("functionDeclarations") or ()
    }
    parts = [part for content in body.get("contents", ()) for part in content.get("parts") or ()]
    results = sum("functionResponse" in part for part in parts)
    step = next_step(script, results, tools & set(RUNNERS) and tools)
    if "say" in step:
        part = {"text": step["say"]}
        if (body.get("generationConfig") or {}).get("responseMimeType") == "application/json":
            part = {"text": json.dumps({"next_speaker": "user", "reasoning": "It is over."})}
    else:
        name, arguments = as_call(step, tools)
        part = {"functionCall": {"name": name, "args": arguments}}
    answer = {
        "candidates": [
            {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120,
        },
        "modelVersion": "scripted",
    }  # fmt: skip
    return [(None, answer, answer)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("script")
    parser.add_argument("--log")
    parser.add_argument("--by-turns", action="store_true")
    options = parser.parse_args()
    Model.script = json.loads(Path(options.script).read_text())
    Model.log, Model.by_turns = options.log, options.by_turns
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
