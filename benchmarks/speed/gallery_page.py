"""The gallery's page in a real browser, over generated libraries: bytes, requests, layout, memory, images, weights.

Needs chromium and playwright: `python benchmarks/speed/gallery_page.py`.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.browser.generated import FLAGS, Library, Server

SMALL, LARGE, WEIGHED = 10_000, 1_000_000, 100_000
REPEATS = 3
LAYOUT = "performance.getEntriesByName('layout')[0].duration"
DRAG = """async (steps) => {
    const slider = document.querySelector('.chip input[type=range]'), times = [];
    for (let i = 0; i < steps; i++) {
        slider.value = String(-1.5 + 3 * i / steps);
        const begin = performance.now();
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        times.push(performance.now() - begin);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    }
    return times;
}"""


def opened(browser: Browser, server: Server, path: str = "/") -> tuple[Page, list[tuple[str, int]]]:
    """Open an address; return the page, and in their order the requests' addresses with the bytes that came."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    addresses: dict[str, str] = {}
    sizes: dict[str, int] = {}
    devtools.on("Network.requestWillBeSent", lambda sent: addresses.update({sent["requestId"]: sent["request"]["url"]}))
    devtools.on(
        "Network.dataReceived",
        lambda part: sizes.update(
            {part["requestId"]: sizes.get(part["requestId"], 0) + int(part["encodedDataLength"])}
        ),
    )
    page.goto(server.url + path)
    page.locator(".cell.loaded").first.wait_for()
    page.wait_for_load_state("networkidle")
    return page, [(url, sizes.get(request, 0)) for request, url in addresses.items()]


def memory(page: Page) -> float:
    """Return the bytes of the page's heap and of its arrays, after the collector ran."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = devtools.send("Runtime.getHeapUsage")
    return float(usage["usedSize"]) + float(usage.get("backingStorageSize", 0))


def measure(browser: Browser, count: int) -> dict[str, Any]:
    """Return the figures of a library of *count* photos."""
    found: dict[str, Any] = {}
    with Server(Library(count)) as server:
        layouts = []
        for _ in range(REPEATS):
            page, sent = opened(browser, server)
            layouts.append(float(page.evaluate(LAYOUT)))
            found["memory"] = memory(page)
            found["images"] = page.locator("img").count()
            found["requests"] = next(at for at, (url, _) in enumerate(sent) if "/media/" in url)
            found["page"] = sum(size for url, size in sent if "/media/" not in url and "/api/" not in url)
            found["strip"] = sum(size for url, size in sent if "/strip" in url)
            page.context.close()
    return {**found, "layout": min(layouts)}


def drag(browser: Browser) -> list[float]:
    """Return the milliseconds of moves of a weight, of four terms, each with its new order laid out and drawn."""
    with Server(Library(WEIGHED)) as server:
        page, _ = opened(browser, server, "/?q=dog+%2B+beach+-+boat+%2B+tree")
        page.locator(".chip input:enabled").first.wait_for()
        page.evaluate(DRAG, 10)
        times: list[float] = page.evaluate(DRAG, 40)
        page.context.close()
    return times


def main() -> None:
    """Print the figures."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        small, large = measure(browser, SMALL), measure(browser, LARGE)
        moves = drag(browser)
        browser.close()
    per_photo = (large["memory"] - small["memory"]) / (LARGE - SMALL)
    for name, figure in (
        ("page with vendored files, compressed", f"{small['page'] / 1e3:.1f} kB"),
        ("requests before thumbnails", f"{small['requests']}"),
        (f"strip of {LARGE:,} photos, compressed", f"{large['strip'] / LARGE:.2f} bytes a photo"),
        (f"layout of {LARGE:,} against {SMALL:,}", f"{large['layout'] / small['layout']:.1f} times"),
        (f"memory of {LARGE:,} less {SMALL:,}", f"{per_photo:.1f} bytes a photo"),
        ("images in the page", f"{small['images']} and {large['images']}"),
        (f"a weight moved, {WEIGHED:,} photos, 4 terms", f"{statistics.median(moves):.1f} ms"),
        ("the slowest of 40 moves", f"{max(moves):.1f} ms"),
    ):
        print(f"{name:45} {figure}")


if __name__ == "__main__":
    main()
