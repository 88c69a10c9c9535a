"""A generated library of any size behind the API's addresses, without files: for the page's tests and figures.

Photo number i of N was taken on a day of the last twenty years, the newest first. Its vector is drawn from its number,
and a text's vector from its letters, so that searches have scores.
"""

import contextlib
import gzip
import hashlib
import io
import json
import mimetypes
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image, ImageDraw

from photos.http.answers import strip as strips
from query.language import Text, parse_line

STATIC = Path(__file__).parents[2] / "photos" / "http" / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
#: Of chromium, for a user root and a machine without a network.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-precise-memory-info",
]  # fmt: skip
LAST_DAY = 20_000
YEARS = 20
SHAPES = [(4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (1, 1), (12, 5)]
DIMENSION = 16
#: Answers that are the same for each library.
FIXED = {
    "labels": {"items": [{"label": "beach"}, {"label": "boat"}]},
    "searches": {"items": []},
    "describers": {"items": [], "offered": ["endpoint"]},
}


class Library:
    """*count* photos, and the requests that were answered."""

    def __init__(self, count: int, captions: dict[int, str] | None = None) -> None:
        self.count = count
        self.captions = captions or {}
        self.requests: list[str] = []
        rng = np.random.default_rng(1)
        shapes = np.array(SHAPES)[rng.choice(len(SHAPES), count, p=[0.45, 0.2, 0.15, 0.08, 0.06, 0.04, 0.02])]
        self.widths, self.heights = shapes[:, 0] * 400, shapes[:, 1] * 400
        self.ids = np.arange(count, 0, -1)
        self.days = np.sort(rng.integers(LAST_DAY - YEARS * 365, LAST_DAY, count))[::-1].copy()
        self.vectors = rng.standard_normal((min(count, 200_000), DIMENSION), np.float32)
        self.vectors /= np.linalg.norm(self.vectors, axis=1, keepdims=True)

    def of_text(self, text: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        vector = np.random.default_rng(seed).standard_normal(DIMENSION)
        return (vector / np.linalg.norm(vector)).astype(np.float32)

    def answer(self, query: str, sort: str) -> tuple[np.ndarray, np.ndarray | None, list[Any]]:
        """Return the places of the photos in their order, their scores, and the terms."""
        parsed = parse_line(query) if query.strip() else None
        terms = [each for each in parsed.terms if isinstance(each, Text)] if parsed else []
        if not terms:
            return np.arange(self.count), None, []
        vector = sum(each.weight * self.of_text(each.text) for each in terms)
        scores = self.vectors @ (vector / np.linalg.norm(vector))
        order = np.lexsort((self.ids, -scores)) if sort != "date" else np.arange(self.count)
        return order, scores, terms

    def strip(self, query: str, sort: str) -> bytes:
        order, scores, _ = self.answer(query, sort)
        columns = [
            strips.id_column(self.ids[order]),
            strips.aspect_column(self.widths[order], self.heights[order]),
            strips.day_column(self.days[order]),
        ]
        about: dict[str, Any] = {"generation": "1", "order": strips.order_of(self.ids[order]), "reason": None}
        if scores is not None:
            columns.append(strips.float_column("score", scores[order].astype(np.float64)))
            about["least"] = 0.75
        return strips.strip(self.count, columns, about)

    def terms(self, query: str, sort: str) -> bytes:
        order, _, terms = self.answer(query, sort)
        vectors = np.stack([self.of_text(each.text) for each in terms])
        columns = [
            strips.float_column(
                f"term{i}", (self.vectors[order] @ vectors[i]).astype(np.float64),
                {"term": each.text, "kind": "text", "weight": each.weight},
            )
            for i, each in enumerate(terms)
        ]  # fmt: skip
        about = {"order": strips.order_of(self.ids[order]), "gram": (vectors @ vectors.T).tolist()}
        return strips.strip(self.count, columns, about)

    def photo(self, number: int) -> dict[str, Any]:
        at = self.count - number
        taken = np.datetime64(int(self.days[at]), "D")
        return {
            "id": number, "photo": number, "hash": f"{number:064x}", "path": f"/photos/IMG_{number}.jpg",
            "paths": [f"/photos/IMG_{number}.jpg"], "path_uri": f"file:///photos/IMG_{number}.jpg", "companions": [],
            "width": int(self.widths[at]), "height": int(self.heights[at]), "format": "JPEG",
            "taken_at": f"{taken}T12:00:00", "date_source": "DateTimeOriginal", "camera": "Test", "lens": None,
            "focal_length": 35.0, "aperture": 2.8, "exposure": 0.004, "iso": 200, "latitude": 48.2, "longitude": 16.37,
            "rating": None, "caption": self.captions.get(number), "keywords": [],
            "tags": [{"label": "beach", "score": 0.2, "probability": 0.9, "calibrated": 4.0, "threshold": 0.1,
                      "source": "auto", "origin": None, "implied_by": None}],
        }  # fmt: skip

    def details(self, number: int) -> dict[str, Any]:
        """A photo with its descriptions: one in which a hostile caption is said, with a word of each kind."""
        photo = self.photo(number)
        said = photo["caption"]
        words = [
            {"word": word, "state": state, "label": label, "score": score, "probability": None}
            for word, state, label, score in (
                ("beach", "tag", "beach", 0.2),
                ("boat", "unverified", "boat", 0.02),
                ("crowd", "rejected", "crowd", 0.1),
                (said, "unknown", None, None),
            )
        ]
        described = {
            "describer": "model@here",
            "made_at": "2026-05-04T12:00:00+02:00",
            "tasks": ["caption", "objects"],
            "caption": said,
            "labels": [each["word"] for each in words],
            "text": said,
            "words": words,
        }
        return {**photo, "descriptions": [described] if said else []}

    def explanation(self, number: int, query: str) -> dict[str, Any]:
        order, scores, terms = self.answer(query, "")
        assert scores is not None
        at = self.count - number
        length = np.linalg.norm(sum(each.weight * self.of_text(each.text) for each in terms))
        alone = [float(self.vectors[at] @ self.of_text(each.text)) for each in terms]
        return {
            "rank": int(np.flatnonzero(order == at)[0]) + 1, "photos": self.count,
            "stands_out": bool(scores[at] > 0.75), "least": 0.75, "score": float(scores[at]), "probability": None,
            "terms": [{"term": each.text, "weight": each.weight, "score": score,
                       "share": each.weight * score / float(length)} for each, score in zip(terms, alone, strict=True)],
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    library: ClassVar[Library]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parameters = {name: values[-1] for name, values in parse_qs(url.query).items()}
        self.library.requests.append(self.path)
        if url.path == "/":
            self._send((STATIC / "index.html").read_bytes(), "text/html", {"Content-Security-Policy": CSP})
        elif url.path.startswith("/static/"):
            file = STATIC / url.path.removeprefix("/static/")
            self._send(gzip.compress(file.read_bytes(), 6), mimetypes.guess_type(file)[0] or "text/plain",
                       {"Content-Encoding": "gzip"})  # fmt: skip
        elif url.path.startswith("/media/id/"):
            self._send(
                picture(self.library, int(url.path.split("/")[3])), "image/webp", {"Cache-Control": "max-age=99"}
            )
        elif url.path.startswith("/api/v1/"):
            self._api(url.path.removeprefix("/api/v1/"), parameters)
        else:
            self._send(b"", "text/plain", status=404)

    def _api(self, path: str, parameters: dict[str, str]) -> None:
        query, sort = parameters.get("query", ""), parameters.get("sort", "")
        if path in {"strip", "terms"}:
            strip = getattr(self.library, path)(query, sort)
            self._send(gzip.compress(strip, 1), strips.MEDIA_TYPE, {"Content-Encoding": "gzip"})
        elif path == "photos":
            self._json({"matches": [self.library.photo(int(each)) for each in parameters["ids"].split(",")]})
        elif found := re.fullmatch(r"photos/(\d+)", path):
            self._json(self.library.details(int(found[1])))
        elif found := re.fullmatch(r"photos/(\d+)/similar", path):
            some = [int(found[1]) % self.library.count + 1 + i for i in range(9)]
            self._json({"matches": [{"id": each, "score": 0.9} for each in some if each <= self.library.count]})
        elif found := re.fullmatch(r"photos/(\d+)/explanation", path):
            self._json(self.library.explanation(int(found[1]), query))
        elif path == "events":
            self._send(b"", "text/event-stream", status=204)
        elif path in FIXED:
            self._json(FIXED[path])
        elif path == "status":
            self._json({"photos": self.library.count, "folders": [{"path": "/photos"}]})
        elif path == "suggestions":
            words = [each for each in ("beach", "bear", "boat") if each.startswith(parameters.get("text", ""))]
            self._json({"items": [{"kind": "label", "text": each, "query": f"tag:{each}"} for each in words]})
        else:
            self._send(b'{"title": "There is no such thing here.", "code": "not_found"}', "application/problem+json",
                       status=404)  # fmt: skip

    def _json(self, record: object) -> None:
        self._send(json.dumps(record).encode(), "application/json")

    def _send(self, content: bytes, kind: str, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        # A page that is closed, or scrolled on, no longer reads.
        with contextlib.suppress(OSError):
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def picture(library: Library, number: int) -> bytes:
    """Return a small picture of a photo's shape and a colour of its own."""
    at = library.count - number
    key = (int(library.widths[at]), int(library.heights[at]), number % 16)
    if key not in _PICTURES:
        width, height, colour = key
        scale = 320 / max(width, height)
        image = Image.new("RGB", (round(width * scale), round(height * scale)))
        draw = ImageDraw.Draw(image)
        for y in range(image.height):
            part = y / image.height
            base = np.array([(colour * 47) % 200, (colour * 91) % 200, (colour * 29) % 200])
            draw.line([(0, y), (image.width, y)], tuple(int(c) for c in base * (1 - part) + 90 * part))
        draw.ellipse([20, 20, 90, 90], fill=(250, 220, 140))
        file = io.BytesIO()
        image.save(file, "WEBP", quality=60)
        _PICTURES[key] = file.getvalue()
    return _PICTURES[key]


_PICTURES: dict[tuple[int, int, int], bytes] = {}


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of browsers that hang up."""

    def handle_error(self, *_: object) -> None:
        pass


class Server:
    """Serves a generated library on loopback, until the end of a `with`."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._server = _QuietServer(("127.0.0.1", 0), type("Of", (Handler,), {"library": library}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
