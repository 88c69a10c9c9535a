"""Server of chat completions on loopback, in a process of its own, that behaves well or badly.

    python chat_server.py [--certificate FILE --private-key FILE] [--quiet]

Prints its port, then, for each request, a line of JSON with what it got. The model's name chooses the behaviour; one
that ends in `@N` holds for the first N requests of that name, and later ones get a good answer.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

GOOD = {"caption": "A red square.", "labels": ["square", "table"], "text": "INVOICE 2024"}
IS_QUIET = threading.Event()
COUNTS: Counter[str] = Counter()
LOCK = threading.Lock()


def chat(content: object) -> bytes:
    message = {"role": "assistant", "content": content}
    return json.dumps({"id": "1", "choices": [{"index": 0, "message": message}]}).encode()


#: Contents of answers, by behaviour.
CONTENTS = {
    "good": json.dumps(GOOD),
    "prose": "I see a red square on a table.",
    "amid-prose": f"Sure! Here is the JSON:\n{json.dumps(GOOD)}\nLet me know.",
    "fenced": f"```json\n{json.dumps(GOOD, indent=1)}\n```",
    "wrong-types": json.dumps({**GOOD, "caption": {"en": "A square"}}),
    "parts": [{"type": "text", "text": json.dumps(GOOD)}],
    "html": json.dumps({**GOOD, "caption": "<script>alert(1)</script> \x1b[31mred\x00 square"}),
    "chinese": json.dumps({**GOOD, "caption": "桌子上的红色方块", "labels": ["方块", "桌子"]}, ensure_ascii=False),
    "empty": "",
    "null": None,
}
#: Statuses, with the bodies that servers send.
STATUSES = {
    "unauthorised": (401, {"error": {"message": "Incorrect key provided: {key}"}}),
    "forbidden": (403, {"error": "no access"}),
    "unknown-model": (404, {"error": {"message": "model 'x' not found, try pulling it first"}}),
    "refused": (400, {"error": {"message": "image too small"}}),
    "failing": (500, {"error": {"message": "model runner has unexpectedly stopped"}}),
    "busy": (503, {"error": "loading model"}),
    "limited": (429, {"error": "slow down"}),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        self.key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        form = (asked.get("response_format") or {}).get("type")
        self._tell(asked, form)
        behaviour, _, limit = asked["model"].partition("@")
        with LOCK:
            COUNTS[asked["model"]] += 1
            is_over = bool(limit) and COUNTS[asked["model"]] > int(limit)
        self._behave("good" if is_over else behaviour, form, asked)

    def _tell(self, asked, form):
        if IS_QUIET.is_set():
            return
        text, image = asked["messages"][0]["content"]
        jpeg = base64.b64decode(image["image_url"]["url"].partition("base64,")[2])
        picture = Image.open(io.BytesIO(jpeg))
        told = {
            "path": self.path,
            "host": self.headers["Host"],
            "authorization": self.headers["Authorization"],
            "form": form,
            "question": text["text"],
            "size": picture.size,
            "markers": [name for name, _ in picture.applist],
            "info": sorted(picture.info),
            "pixel": picture.getpixel((0, 0)),
            "has_tokens": "max_tokens" in asked,
        }
        with LOCK:
            print(json.dumps(told), flush=True)  # noqa: T201 - for the test that started it

    def _behave(self, behaviour, form, asked):
        if behaviour in CONTENTS:
            self._send(200, chat(CONTENTS[behaviour]))
        elif behaviour in STATUSES:
            status, said = STATUSES[behaviour]
            wanted = {"Retry-After": "17"} if behaviour == "limited" else {}
            self._send(status, json.dumps(said).replace("{key}", self.key).encode(), **wanted)
        else:
            getattr(self, "_" + behaviour.replace("-", "_"))(form, asked)

    def _send(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _no_schemas(self, form, _asked):
        """Refuse to be told a schema, as LM Studio's older versions do."""
        if form == "json_schema":
            self._send(400, b'{"error": "response_format.type must be json_object or text"}')
        else:
            self._send(200, chat(json.dumps(GOOD)))

    def _no_forms(self, form, asked):
        """Refuse every setting but the question."""
        if form or "max_tokens" in asked:
            self._send(422, b'{"detail": "extra fields not permitted"}')
        else:
            self._send(200, chat(json.dumps(GOOD)))

    def _small_only(self, _form, asked):
        """Refuse pictures that are not square."""
        jpeg = base64.b64decode(asked["messages"][0]["content"][1]["image_url"]["url"].partition("base64,")[2])
        width, height = Image.open(io.BytesIO(jpeg)).size
        if width != height:
            self._send(400, b'{"error": "unsupported picture"}')
        else:
            self._send(200, chat(json.dumps({**GOOD, "caption": f"Square of {width}."})))

    def _by_width(self, _form, asked):
        """Answer with the picture's width, wide ones first."""
        jpeg = base64.b64decode(asked["messages"][0]["content"][1]["image_url"]["url"].partition("base64,")[2])
        width, _ = Image.open(io.BytesIO(jpeg)).size
        self._send(200, chat(json.dumps({**GOOD, "caption": f"Width {width}."})))

    def _huge(self, _form, _asked):
        self._send(200, chat("x" * 10_000_000))

    def _huge_in_chunks(self, _form, _asked):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(100):
            self.wfile.write(b"186A0\r\n" + b" " * 100_000 + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _drip(self, _form, _asked):
        """Send one byte of the body after the other, for ever."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self._for_ever(b" ")

    def _drip_headers(self, _form, _asked):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._for_ever(b"a")

    def _for_ever(self, byte):
        while True:
            self.wfile.write(byte)
            time.sleep(0.05)

    def _silent(self, _form, _asked):
        time.sleep(3600)

    def _cut(self, _form, _asked):
        """Close the connection in the middle of an answer."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"choices": [')
        self.close_connection = True

    def _reset(self, _form, _asked):
        """Reset the connection before an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def _redirect(self, _form, _asked):
        self._send(307, b"", Location="http://example.com/v1/chat/completions")

    def _page(self, _form, _asked):
        self._send(200, b"<html>It works</html>")

    def _dies_at_third(self, _form, asked):
        if COUNTS[asked["model"]] > 2:
            os._exit(0)
        self._send(200, chat(json.dumps(GOOD)))

    def _no_http(self, _form, _asked):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Clients that end a connection are no error here."""
        if not isinstance(sys.exc_info()[1], OSError | ValueError):
            super().handle_error(request, client_address)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--private-key")
    parser.add_argument("--quiet", action="store_true", help="tell of no request, and look into no picture")
    arguments = parser.parse_args()
    if arguments.quiet:
        IS_QUIET.set()
    server = Server(("127.0.0.1", 0), Handler)
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.private_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)  # noqa: T201 - as above
    server.serve_forever()


if __name__ == "__main__":
    main()
