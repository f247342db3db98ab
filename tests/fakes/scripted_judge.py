"""A model server that proposes by script, and judges claims well or badly, in both wire formats.

    python scripted_judge.py DEED [--right SHARE] [--seed N] [--truths FILE] [--answer FILE]
                             [--looks N] [--log FILE]

DEED says what it does when it is shown a claim. The truth of a claim is taken from --truths (JSON,
title to true or false), else read off the line in question: the made-up claims say what it does.
To a prompt that asks for proposals it gives the insights of --answer, or one about the first
excerpt. With --looks the deed begins after so many looks; until then it is right. Prints its
address.
"""

import argparse
import json
import os
import random
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ollama_server import scripted

FOREVER = 600
SIGNS = {
    "is less than": "<", "is greater than": ">", "is at most": "<=", "is at least": ">=",
    "equals": "==", "differs from": "!=",
}  # fmt: skip


class Page:
    """What a judge is shown: the claim, the lines by their numbers, the one in question."""

    def __init__(self, prompt):
        head, _, self.question = prompt.rpartition("\n## The claim, about ")
        about, self.title, *_ = self.question.split("\n")
        self.lines = dict(re.findall(r"^(\d+)\| (.*)$", head, re.MULTILINE))
        number = re.search(r", lines? (\d+)", about)
        self.number = number[1] if number else "1"
        self.line = self.lines.get(self.number, "")

    def is_true(self, truths):
        if self.title in truths:
            return truths[self.title]
        names = re.findall(r"`([^`]*)`", self.title)
        for said, sign in SIGNS.items():
            if f"` {said} `" in self.title:
                left, right = names[-2:]
                also = "=?" if sign in ("==", "!=") else ""
                shape = rf"{re.escape(left)} {sign}{also} {re.escape(right)}"
                return re.search(shape, self.line) is not None
        return (
            ("is enough" in self.title and bool(re.search(r" or |\|\|", self.line)))
            or ("begins at 1" in self.title and "range(1," in self.line)
            or ("has a round" in self.title and "<=" in self.line)
            or ("without being awaited" in self.title and "await" not in self.line)
            or ("not returned" in self.title and "return" not in self.line)
            or ("is called with" in self.title and f"({names[1]}, {names[2]})" in self.line)
            or ("is taken away" in self.title and "-=" in self.line)
        )


def verdict(word, page):
    return json.dumps({"verdict": word, "line": int(page.number)})


def truthfully(page, options):
    return verdict("holds" if page.is_true(options.truths) else "refuted", page)


def right(page, options):
    """As often as --right says, else the contrary."""
    is_right = options.chance.random() < options.right
    return verdict("holds" if page.is_true(options.truths) == is_right else "refuted", page)


def lies(page, options):
    return verdict("refuted" if page.is_true(options.truths) else "holds", page)


def refutes_all(page, options):
    return verdict("refuted", page)


def holds_all(page, options):
    return verdict("holds", page)


def guesses(page, options):
    return verdict(options.chance.choice(["holds", "refuted"]), page)


def cannot_tell(page, options):
    return verdict("cannot tell", page)


def ignores_the_form(page, options):
    word = "holds" if page.is_true(options.truths) else "refuted"
    return f"Let me think. The claim, in my opinion, {word}, as line {page.number} shows."


def names_no_shown_line(page, options):
    return json.dumps({"verdict": "holds", "line": len(page.lines) + 7})


def is_slow(page, options):
    time.sleep(1)
    return truthfully(page, options)


def hangs(page, options):
    time.sleep(FOREVER)


def breaks_off(page, options):
    return None


def dies(page, options):
    os._exit(0)


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options: argparse.Namespace

    def log_message(self, *args):
        pass

    def do_GET(self):
        model = {"name": "tiny:latest", "details": {"family": "llama"}}
        documents = {
            "/api/version": {"version": "0.13.5"},
            "/api/tags": {"models": [model]},
            "/api/ps": {"models": [{"name": name} for name in self.options.loaded]},
            "/v1/models": {"data": [{"id": "tiny"}]},
        }
        self.document(documents.get(self.path))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.options.log:
            with Path(self.options.log).open("a") as log:
                log.write(json.dumps({"path": self.path, "body": body}) + "\n")
        if self.path == "/api/show":
            self.document({"model_info": {"llama.context_length": 8192}})
        elif self.path in ("/api/chat", "/v1/chat/completions"):
            self.answer("\n".join(message["content"] for message in body["messages"]))
        else:
            self.document({} if self.path == "/api/generate" else None)

    def answer(self, prompt):
        if "\n## The claim, about " in prompt:
            page = Page(prompt)
            self.options.seen += 1
            deed = self.options.deed if self.options.seen > self.options.looks else truthfully
            self.stream(deed(page, self.options), prompt)
        else:
            self.stream(self.proposed(prompt), prompt)

    def proposed(self, prompt):
        if not self.options.answer:
            return scripted(prompt)
        word = re.search(r"session word is (\S+)\.", prompt)
        insights = json.loads(Path(self.options.answer).read_text())
        return json.dumps({"session_word": word[1], "insights": insights})

    def stream(self, text, prompt):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        ollama = self.path == "/api/chat"
        for piece in re.findall(r".{1,20}", text or '{"verdict": "holds", "li', re.DOTALL):
            if ollama:
                self.line({"message": {"role": "assistant", "content": piece}, "done": False})
            else:
                self.line({"choices": [{"index": 0, "delta": {"content": piece}}]})
        if text is None:
            return
        sent, received = len(prompt) // 4, len(text) // 4
        if ollama:
            counts = {"prompt_eval_count": sent, "eval_count": received}
            self.line({"message": {"content": ""}, "done": True} | counts)
        else:
            usage = {"prompt_tokens": sent, "completion_tokens": received}
            self.line({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": usage})
            self.wfile.write(b"data: [DONE]\n\n")

    def line(self, event):
        prefix, end = (b"", b"\n") if self.path == "/api/chat" else (b"data: ", b"\n\n")
        self.wfile.write(prefix + json.dumps(event).encode() + end)

    def document(self, document):
        content = json.dumps(document or {"error": "not found"}).encode()
        self.send_response(404 if document is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("deed")
    parser.add_argument("--right", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--truths")
    parser.add_argument("--answer")
    parser.add_argument("--looks", type=int, default=0)
    parser.add_argument("--log")
    parser.add_argument("--loaded", nargs="*", default=[])
    options = Server.options = parser.parse_args()
    options.deed = globals()[options.deed]
    options.chance = random.Random(options.seed)
    options.truths = json.loads(Path(options.truths).read_text()) if options.truths else {}
    options.seen = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
