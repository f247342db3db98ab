"""Transcripts as the agents write them, in short: the shapes of their real records, made up here.

Each function writes the same session in a home: a file edited, a test that fails with exit code 1,
`ls` that succeeds, and the last words. `extend` gives what comes before the last words.
"""

from __future__ import annotations

import json
import sqlite3
from hashlib import sha256
from pathlib import Path

CWD = "/home/me/shop"
TEST = "python3 -m unittest test_shop"
FAILURE = "F\nRan 1 test in 0.003s\n\nFAILED (failures=1)\n"
WORDS = "Done. All tests pass."
AT = "2026-11-24T17:14:3{}.000Z"


def jsonl(path: Path, records, *, end="\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(record) for record in records) + end)
    return path


def claude_records(words=WORDS, *, session="0a1b", sidechain=False, cwd=CWD):
    def record(kind, at, message, **more):
        return {
            "type": kind, "timestamp": AT.format(at), "cwd": cwd, "sessionId": session,
            "isSidechain": sidechain, "version": "2.1.331", "message": message, **more,
        }  # fmt: skip

    def answer(number, at, block):
        usage = {"input_tokens": 100, "output_tokens": 20}
        message = {"id": f"msg_{number}", "role": "assistant", "content": [block], "usage": usage}
        return record("assistant", at, message)

    def call(number, at, name, given):
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}
        return answer(number, at, block)

    def result(number, at, text, **more):
        block = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": text, **more}
        return record("user", at, {"role": "user", "content": [block]})

    return [
        {"type": "queue-operation", "operation": "enqueue", "sessionId": session},
        record("user", 0, {"role": "user", "content": "Add a total"}),
        call(1, 1, "Write", {"file_path": f"{cwd}/shop.py", "content": "x"}),
        result(1, 2, "File created successfully"),
        call(2, 3, "Bash", {"command": TEST}),
        result(2, 4, f"Exit code 1\n{FAILURE}", is_error=True),
        call(3, 5, "Bash", {"command": "ls"}),
        result(3, 6, "shop.py", is_error=False),
        answer(4, 7, {"type": "text", "text": words}),
        {"type": "cost-state", "sessionId": session, "totalCostUSD": 0.004},
    ]


def claude(home: Path, words=WORDS, name="0a1b", **more) -> Path:
    path = home / f".claude/projects/-work-shop/{name}.jsonl"
    return jsonl(path, claude_records(words, session=name, **more))


def codex_records(words=WORDS, *, session="01a2", at="2026-11-24T17:14:39", forked_from=None):
    def item(second, **payload):
        moment = f"{at[:-2]}{second:02}.100Z"
        return {"timestamp": moment, "type": "response_item", "payload": payload}

    def call(second, number, command):
        given = json.dumps({"cmd": command})
        return item(
            second, type="function_call", name="exec_command", arguments=given, call_id=f"c{number}"
        )

    def result(second, number, text):
        return item(second, type="function_call_output", call_id=f"c{number}", output=text)

    meta = {"id": session, "cwd": CWD, "cli_version": "0.169.0"}
    if forked_from:
        meta["forked_from_id"] = forked_from
    patch = "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: shop.py\n+x\n*** End Patch\nEOF"
    said = [{"type": "output_text", "text": words}]
    tokens = {"info": {"total_token_usage": {"total_tokens": 480}}, "type": "token_count"}
    return [
        {"timestamp": f"{at}.000Z", "type": "session_meta", "payload": meta},
        item(41, type="message", role="user",
             content=[{"type": "input_text", "text": "<environment_context>…"}]),
        item(42, type="message", role="user",
             content=[{"type": "input_text", "text": "Add a total"}]),
        call(43, 1, patch),
        result(44, 1, "Exit code: 0\nOutput:\nSuccess."),
        call(45, 2, TEST),
        result(46, 2, f"Chunk ID: 1\nProcess exited with code 1\nOutput:\n{FAILURE}"),
        call(47, 3, "ls"),
        result(48, 3, "Chunk ID: 2\nProcess exited with code 0\nOutput:\nshop.py"),
        {"timestamp": f"{at[:-2]}49.100Z", "type": "event_msg", "payload": tokens},
        item(50, type="message", role="assistant", content=said),
    ]  # fmt: skip


def codex(home: Path, words=WORDS, name="01a2", **more) -> Path:
    place = home / f".codex/sessions/2026/11/24/rollout-2026-11-24T17-14-39-{name}.jsonl"
    return jsonl(place, codex_records(words, session=name, **more))


def gemini_messages(words=WORDS):
    def shell(number, command, output):
        response = {"functionResponse": {"response": {"output": output}}}
        return {
            "id": f"call-{number}", "name": "run_shell_command", "args": {"command": command},
            "status": "success", "result": [response],
        }  # fmt: skip

    write = {
        "id": "call-0", "name": "write_file", "status": "success",
        "args": {"file_path": f"{CWD}/shop.py", "content": "x"},
    }  # fmt: skip
    calls = [
        write,
        shell(1, TEST, f"Output: {FAILURE}\nExit Code: 1\nProcess Group PGID: 9"),
        shell(2, "ls", "Output: shop.py\nProcess Group PGID: 10"),
    ]
    return [
        {"id": "m1", "timestamp": AT.format(0), "type": "user",
         "content": [{"text": "Add a total"}]},
        {"id": "m2", "timestamp": AT.format(1), "type": "gemini", "content": "",
         "tokens": {"total": 460}, "toolCalls": calls},
        {"id": "m3", "timestamp": AT.format(2), "type": "gemini", "content": words,
         "tokens": {"total": 20}},
    ]  # fmt: skip


def gemini(home: Path, words=WORDS, *, old=False) -> Path:
    place = home / ".gemini/tmp" / (sha256(CWD.encode()).hexdigest() if old else "shop")
    (place / "chats").mkdir(parents=True)
    if not old:
        (place / ".project_root").write_text(CWD)
    head = {"sessionId": "c0d8", "projectHash": "5f", "startTime": AT.format(0)}
    if old:
        path = place / "chats/session-1.json"
        path.write_text(json.dumps(head | {"messages": gemini_messages(words)}))
        return path
    first, second, third = gemini_messages(words)
    begun = {key: value for key, value in second.items() if key != "toolCalls"}
    records = [head, first, begun, {"$set": {"lastUpdated": AT.format(1)}}, second, third]
    return jsonl(place / "chats/session-1.jsonl", records)


def aider(workspace: Path, words=WORDS) -> Path:
    path = workspace / ".aider.chat.history.md"
    path.write_text(
        "\n# aider chat started at 2026-11-24 17:14:30\n\n"
        f"> aider --test-cmd {TEST} --message Add  \n\n#### Add a total  \n\nI create it.\n\n"
        "> Applied edit to shop.py  \n> Commit 0853bcf Add a total  \n"
        "> Attempt to fix test errors? (Y)es/(N)o [Yes]: n  \n"
        "> Tokens: 2.6k sent, 46 received.  \n\n#### Go on  \n\n"
        f"{words}\n\n> Tokens: 1k sent, 4 received.  \n"
    )
    return path


PARTS = (
    ("user", {"type": "text", "text": "Add a total"}),
    ("assistant", {"type": "tool", "tool": "write",
                   "state": {"status": "completed", "input": {"filePath": f"{CWD}/shop.py"}}}),
    ("assistant", {"type": "tool", "tool": "bash",
                   "state": {"status": "completed", "input": {"command": TEST}, "output": FAILURE,
                             "metadata": {"exit": 1}}}),
    ("assistant", {"type": "tool", "tool": "bash",
                   "state": {"status": "completed", "input": {"command": "ls"}, "output": "shop.py",
                             "metadata": {"exit": 0}}}),
)  # fmt: skip
_TIME = 1_795_540_481_805


def opencode(home: Path, words=WORDS, *, layout="v1") -> Path:
    place = home / ".local/share/opencode"
    place.mkdir(parents=True)
    parts = [*PARTS, ("assistant", {"type": "text", "text": words})]
    if layout == "tree":
        return _opencode_tree(place / "storage", parts)
    path = place / "opencode.db"
    with sqlite3.connect(path) as db:
        table = "session_v2" if layout == "v2" else "session"
        db.execute(
            f"CREATE TABLE {table} (id TEXT, parent_id TEXT, directory TEXT,"
            " time_created INTEGER, time_updated INTEGER)"
        )
        db.execute(f"INSERT INTO {table} VALUES ('ses_1', NULL, ?, ?, ?)", (CWD, _TIME, _TIME + 9))
        (_opencode_v2 if layout == "v2" else _opencode_v1)(db, parts)
    db.close()
    return path


def _opencode_v1(db, parts):
    db.execute("CREATE TABLE message (id TEXT, session_id TEXT, time_created INTEGER, data TEXT)")
    db.execute(
        "CREATE TABLE part"
        " (id TEXT, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT)"
    )
    tokens = {"input": 400, "output": 80, "cache": {"read": 0, "write": 0}}
    for name, role in (("msg_1", "user"), ("msg_2", "assistant")):
        data = {"role": role} | ({"tokens": tokens} if role == "assistant" else {})
        db.execute("INSERT INTO message VALUES (?, 'ses_1', ?, ?)", (name, _TIME, json.dumps(data)))
    for number, (role, part) in enumerate(parts):
        message = "msg_1" if role == "user" else "msg_2"
        row = (f"prt_{number}", message, _TIME + number, json.dumps(part))
        db.execute("INSERT INTO part VALUES (?, ?, 'ses_1', ?, ?)", row)
    db.execute("INSERT INTO part VALUES ('prt_9', 'msg_2', 'ses_1', ?, '{not json')", (_TIME,))


def _opencode_v2(db, parts):
    db.execute(
        "CREATE TABLE session_message"
        " (id TEXT, session_id TEXT, type TEXT, time_created INTEGER, data TEXT)"
    )
    content = [part for role, part in parts if role == "assistant"]
    told = {"content": content, "tokens": {"input": 400, "output": 80}}
    for name, kind, data in (
        ("m1", "user", {"text": "Add a total"}),
        ("m2", "assistant", told),
        ("m3", "model-switched", {}),
    ):
        row = (name, kind, _TIME, json.dumps(data))
        db.execute("INSERT INTO session_message VALUES (?, 'ses_1', ?, ?, ?)", row)


def _opencode_tree(storage: Path, parts) -> Path:
    def write(path: str, document) -> Path:
        place = storage / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(document))
        return place

    tokens = {"input": 400, "output": 80}
    times = {"created": _TIME, "updated": _TIME + 9}
    for name, role in (("msg_1", "user"), ("msg_2", "assistant")):
        message = {"id": name, "role": role, "time": {"created": _TIME}}
        write(
            f"message/ses_1/{name}.json", message | ({"tokens": tokens} if role != "user" else {})
        )
    for number, (role, part) in enumerate(parts):
        message = "msg_1" if role == "user" else "msg_2"
        write(f"part/{message}/prt_{number}.json", part | {"id": f"prt_{number}"})
    session = {"id": "ses_1", "directory": CWD, "time": times}
    return write("session/abc/ses_1.json", session)
