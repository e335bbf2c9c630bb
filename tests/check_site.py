"""The built site in headless Chromium: ``make site-check`` runs it after ``make docs``.

Each page loads without an error in the console, every image is there and has a text, no page is
wider than a phone, and the search, which works offline, finds an estimator. With a folder as second
argument pictures of some pages are saved there: light and dark, wide and narrow.

    python tests/check_site.py docs/_build/html output/site
"""

import functools
import http.server
import sys
import threading
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, PHONE = (1280, 1000), (390, 844)
PICTURED = (
    "index.html",
    "getting_started.html",
    "user_guide/images_and_signals.html",
    "estimators.html",
    "generated/skdl.estimators.LSTMRegressor.html",
    "auto_examples/index.html",
)
# Beside the thumbnails of the gallery stand the titles of the examples.
IMAGES = """return [...document.querySelectorAll("main img")].map(i => [
    i.getAttribute("src"),
    i.getAttribute("alt") || i.closest(".sphx-glr-thumbcontainer")?.textContent.trim(),
    i.naturalWidth])"""
# Of the page, and of titles, signatures and the list of sections, whose ends are cut off elsewhere.
TOO_WIDE = """
    const parts = [document.documentElement,
        ...document.querySelectorAll("h1, dt.sig, .bd-sidebar-secondary nav")];
    return Math.max(...parts.map(part => part.scrollWidth - part.clientWidth));
"""
RESULTS = "#search-results .search li a"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def serve(folder):
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def browser():
    options = webdriver.ChromeOptions()
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    return webdriver.Chrome(options=options, service=service)


def faults_of(chrome, home, page):
    chrome.get(home + page)
    faults = [entry["message"] for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"]
    for source, text, width in chrome.execute_script(IMAGES):
        if not text:
            faults.append(f"no text for {source}")
        if not width:
            faults.append(f"no image at {source}")
    if chrome.execute_script(TOO_WIDE) > 1:
        faults.append("wider than the window")
    return faults


def found(chrome, home, words):
    chrome.get(f"{home}search.html?q={words}")
    wait = WebDriverWait(chrome, 20)
    return [a.text for a in wait.until(lambda c: c.find_elements(By.CSS_SELECTOR, RESULTS))]


def take_pictures(chrome, home, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for size, name in ((WIDE, "wide"), (PHONE, "phone")):
        chrome.set_window_size(*size)
        for theme in ("light", "dark"):
            for page in PICTURED:
                chrome.get(home + page)
                chrome.execute_script(
                    "document.documentElement.dataset.theme = arguments[0]", theme
                )
                stem = Path(page).with_suffix("").as_posix().replace("/", "-")
                chrome.save_screenshot(str(folder / f"{stem}-{name}-{theme}.png"))


def main(site, pictures=None):
    folder = Path(site)
    pages = sorted(str(page.relative_to(folder)) for page in folder.rglob("*.html"))
    pages = [page for page in pages if not page.startswith(("_static", "_modules"))]
    server, chrome = serve(folder), browser()
    home = f"http://127.0.0.1:{server.server_port}/"
    try:
        faults = {}
        for size in (WIDE, PHONE):
            chrome.set_window_size(*size)
            for page in pages:
                faults[page, size] = faults_of(chrome, home, page)
        chrome.set_window_size(*WIDE)
        results = found(chrome, home, "LSTMRegressor")
        if pictures is not None:
            take_pictures(chrome, home, Path(pictures))
    finally:
        chrome.quit()
        server.shutdown()
    for (page, size), all_ in faults.items():
        for fault in all_:
            print(f"{page}, {size[0]} pixels: {fault}")
    assert any("LSTMRegressor" in text for text in results), results
    print(f"{len(pages)} pages; the search for LSTMRegressor finds {len(results)}: {results[0]}")
    sys.exit(any(faults.values()))


if __name__ == "__main__":
    main(*sys.argv[1:])
