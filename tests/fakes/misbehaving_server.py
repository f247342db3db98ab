"""A model server that does what servers do at their worst.

    python misbehaving_server.py DEED [WHERE]

WHERE is `everywhere`, or `chat`: then it presents itself well (as Ollama and in OpenAI's dialect)
and misbehaves only when it is asked for an answer. Prints its address.
"""

import contextlib
import json
import re
import socket
import socketserver
import struct
import sys
import time

FOREVER = 600
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
STREAM = HEAD + b"Connection: close\r\n\r\n"
GREETINGS = {
    "/api/version": {"version": "0.13.5"},
    "/api/tags": {"models": [{"name": "tiny:latest", "details": {"family": "llama"}}]},
    "/api/show": {"model_info": {"llama.context_length": 8192}},
    "/v1/models": {"data": [{"id": "tiny"}]},
}
BEGINNING = '{"session_word": "lost", "insights": [{"title": "The answer began'


def hangs_before_headers(connection):
    time.sleep(FOREVER)


def hangs_in_headers(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
    time.sleep(FOREVER)


def hangs_in_mid_body(connection):
    connection.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"version": ')
    time.sleep(FOREVER)


def sends_a_byte_a_second(connection):
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    for _ in range(FOREVER):
        connection.sendall(b" ")
        time.sleep(1)


def garbage(connection):
    connection.sendall(bytes(range(256)) * 40)


def garbage_body(connection):
    connection.sendall(STREAM + b"\xff\xfe{]this is no JSON")


def other_json(connection):
    connection.sendall(STREAM + b'[["version"], null, 7]')


def deep_json(connection):
    connection.sendall(STREAM + b"[" * 100_000)


def http_500(connection):
    connection.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\noops")


def http_401(connection):
    connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


def redirects(connection):
    connection.sendall(
        b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"
    )


def resets(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def resets_in_mid_body(connection):
    connection.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"version": ')
    time.sleep(0.2)
    resets(connection)


def half_closes(connection):
    connection.sendall(HEAD + b'Content-Length: 1000\r\n\r\n{"version": ')
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)


def never_ends(connection):
    connection.sendall(STREAM)
    while True:
        connection.sendall(b"x" * (1 << 16))


def packed(connection):
    connection.sendall(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    )


def closes_at_once(connection):
    pass


def half_an_answer():
    """The beginning of an answer, in both dialects at once."""
    event = {"choices": [{"index": 0, "delta": {"content": BEGINNING}}]}
    ollama = {"message": {"content": BEGINNING}, "done": False}
    return f"data: {json.dumps(event)}\n\n{json.dumps(ollama)}\n".encode()


def openai_breaks_off(connection):
    connection.sendall(STREAM + half_an_answer().split(b"\n")[0] + b"\n\n")


def openai_stalls(connection):
    openai_breaks_off(connection)
    time.sleep(FOREVER)


def openai_complains(connection):
    openai_breaks_off(connection)
    connection.sendall(b'data: {"error": {"message": "out of memory"}}\n\n')


def ollama_breaks_off(connection):
    connection.sendall(STREAM + half_an_answer().split(b"\n")[2] + b"\n")


def ollama_complains(connection):
    connection.sendall(STREAM + b'{"error": "model runner has unexpectedly stopped"}\n')


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 50


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = self.request.recv(65536)
            if not chunk:
                return
            head += chunk
        self.read_body(head)
        _method, path, _ = head.decode("latin-1").split(" ", 2)
        if WHERE == "chat" and path in GREETINGS:
            content = json.dumps(GREETINGS[path]).encode()
            self.request.sendall(
                HEAD
                + f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode()
                + content
            )
            return
        if WHERE == "chat" and not path.endswith(("/chat", "/completions")):
            self.request.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        with contextlib.suppress(OSError):  # the client has had enough
            DEED(self.request)

    def read_body(self, head):
        """Read what was asked: closing with something unread resets the connection."""
        head, _, body = head.partition(b"\r\n\r\n")
        told = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        left = int(told[1]) - len(body) if told else 0
        while left > 0 and (chunk := self.request.recv(65536)):
            left -= len(chunk)


if __name__ == "__main__":
    DEED = globals()[sys.argv[1]]
    WHERE = sys.argv[2] if len(sys.argv) > 2 else "everywhere"
    with Server(("127.0.0.1", 0), Connection) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
