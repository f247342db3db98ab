"""The one answer of Ollama's that says who uses it: `/api/ps`. Prints its address.

python busy_ollama.py resident    a model is loaded and was last used minutes ago
python busy_ollama.py used        … was used seconds ago
python busy_ollama.py generating  … is at work: its expiry moves with every look
python busy_ollama.py forever     … is kept loaded for ever
python busy_ollama.py empty       no model is loaded
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEFT = {"resident": 180, "used": 290, "generating": 100, "forever": 86_400 * 365 * 200}
BEGAN = datetime.now(UTC)


class Ollama(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        kind = sys.argv[1]
        since = datetime.now(UTC) if kind == "generating" else BEGAN
        until = (since + timedelta(seconds=LEFT.get(kind, 0))).isoformat().replace("+00:00", "000Z")
        models = [] if kind == "empty" else [{"name": "coder:7b", "expires_at": until}]
        body = json.dumps({"models": models}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Ollama)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
