"""A small server that speaks Ollama's wire format, as no registry has a real Ollama.

    python ollama_server.py [--model NAME] [--context N] [--cuts-at N] [--log FILE]
                            [--front URL KEY] [--old]

It answers by script (a valid insight that cites the first excerpt of the prompt), or hands the
question on to an OpenAI-compatible server. As Ollama does, it keeps the end of a prompt that is
longer than the context that the request asks for (or than --cuts-at), and says nothing. An --old
one knows no schemas. Prints its address.
"""

import argparse
import json
import re
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHARS_PER_TOKEN = 3
USUAL_NUM_CTX = 4096


class Ollama(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options: argparse.Namespace

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.note(None)
        match self.path:
            case "/api/version":
                self.send({"version": "0.13.5"})
            case "/api/tags":
                self.send({"models": [self.model()]})
            case "/api/ps":
                self.send({"models": []})
            case "/v1/models":
                self.send({"object": "list", "data": [{"id": self.options.model}]})
            case _:
                self.send({"error": "not found"}, 404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.note(body)
        match self.path:
            case "/api/show":
                info = {"llama.context_length": self.options.context}
                self.send({"model_info": info, "capabilities": ["completion"]})
            case "/api/chat":
                self.chat(body)
            case _:
                self.send({"error": "not found"}, 404)

    def model(self):
        return {
            "name": self.options.model,
            "model": self.options.model,
            "details": {"family": "llama", "parameter_size": "135M"},
        }

    def chat(self, body):
        name = body["model"]
        if name not in (self.options.model, self.options.model.removesuffix(":latest")):
            self.send({"error": f"model '{name}' not found"}, 404)
            return
        if self.options.old and isinstance(body.get("format"), dict):
            fault = "json: cannot unmarshal object into Go struct field ChatRequest.format"
            self.send({"error": f"{fault} of type string"}, 400)
            return
        prompt = "\n".join(message["content"] for message in body["messages"])
        context = (body.get("options") or {}).get("num_ctx", USUAL_NUM_CTX)
        prompt = prompt[-min(context, self.options.cuts_at) * CHARS_PER_TOKEN :]
        if self.options.front:
            answer = ask_front(self.options.front, prompt, body)
        else:
            answer = scripted(prompt)
        self.stream(name, answer, len(prompt) // CHARS_PER_TOKEN, stream=body.get("stream", True))

    def stream(self, name, answer, prompt_tokens, *, stream):
        pieces = re.findall(r".{1,20}", answer, re.DOTALL) if stream else [answer]
        lines = [
            {"model": name, "message": {"role": "assistant", "content": piece}, "done": False}
            for piece in pieces
        ]
        counts = {"prompt_eval_count": prompt_tokens, "eval_count": len(pieces)}
        end = {"model": name, "message": {"role": "assistant", "content": ""}, "done": True}
        lines.append(end | {"done_reason": "stop"} | counts)
        if not stream:
            self.send(lines[-1] | {"message": lines[0]["message"]})
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        for line in lines:
            self.wfile.write(json.dumps(line).encode() + b"\n")
        self.close_connection = True

    def send(self, document, status=200):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def note(self, body):
        if self.options.log:
            with Path(self.options.log).open("a") as log:
                log.write(json.dumps({"path": self.path, "body": body}) + "\n")


def scripted(prompt):
    """What a good model would say: the word from the head, and one cited line."""
    word = re.search(r"session word is (\S+)\.", prompt)
    heading = re.search(r"^<<<\S+ (\S+) lines (\d+)-\d+", prompt, re.MULTILINE)
    page = prompt[heading.end() :] if heading else prompt
    line = re.search(r"^(\d+)\| (.*\w{4,}.*\w{4,}.*)$", page, re.MULTILINE)
    name = re.search(r"\w{4,}", line[2])[0] if line else "nothing"
    insight = {
        "title": "The scripted server found this line remarkable",
        "path": heading[1] if heading else "unknown",
        "line": int(line[1]) if line else 1,
        "end_line": int(line[1]) if line else 1,
        "quote": line[2].strip()[:100] if line else "",
        "body": f"Nobody handles the failure that `{name}` can raise; catch it where it is called.",
        "category": "risk",
    }
    return json.dumps({"session_word": word[1] if word else "lost", "insights": [insight]})


def ask_front(front, prompt, body):
    url, key = front
    options = body.get("options") or {}
    question = {
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": options.get("num_predict", 400),
    }
    if body.get("format"):
        schema = {"name": "answer", "schema": body["format"]}
        question["response_format"] = {"type": "json_schema", "json_schema": schema}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(question).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["choices"][0]["message"]["content"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="tiny:latest")
    parser.add_argument("--context", type=int, default=8192)
    parser.add_argument("--cuts-at", type=int, default=1 << 30)
    parser.add_argument("--front", nargs=2)
    parser.add_argument("--log")
    parser.add_argument("--old", action="store_true")
    Ollama.options = parser.parse_args()
    with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
