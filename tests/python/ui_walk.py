"""Walks through MLflow's web UI in a headless browser, as a user would; test_ui.py runs it and judges what it saw.

Reads from standard input what there is to see, in JSON: `url`, `chromium` (the program), `screenshots` (a directory),
and names and ids of experiment, runs, logged model and registered model. Writes to standard output, in JSON, the steps
that were walked and each request that was not answered with success: step, method, path, status.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Error, Locator, Page, expect, sync_playwright

# A page that shows nothing for so long is broken.
PATIENCE_MS = 30_000


class Walk:
    """A browser, where it is, and what it has seen."""

    def __init__(self, page: Page, seen: dict[str, str]) -> None:
        self.page, self.seen = page, seen
        self.url, self.screenshots = seen["url"], Path(seen["screenshots"])
        self.steps: list[dict[str, object]] = []
        self.refused: list[dict[str, object]] = []
        self.failures: list[str] = []
        self.step_name = "start"
        self.open: set[object] = set()
        # Of the script of a shared worker nobody says when it has arrived.
        page.on("request", lambda request: request.url.endswith(".worker.js") or self.open.add(request))
        page.on("request", self.asked)
        page.on("requestfinished", lambda request: self.open.discard(request))
        page.on("requestfailed", lambda request: self.open.discard(request))
        page.on("response", self.responded)
        page.on("pageerror", lambda error: self.failures.append(f"{self.step_name}: {error}"))

    def asked(self, request) -> None:
        """Nobody else is to be told what is looked at here."""
        if request.url.startswith("http") and not request.url.startswith(self.url + "/"):
            self.failures.append(f"{self.step_name}: asked another server: {request.url}")

    def responded(self, response) -> None:
        if response.status >= 400:
            path = urlsplit(response.url).path
            entry = {"step": self.step_name, "method": response.request.method, "path": path, "status": response.status}
            self.refused.append(entry)

    @contextmanager
    def step(self, name: str) -> Iterator[Page]:
        """A step; its end is recorded on a picture."""
        self.step_name, began = name, time.monotonic()
        number = len(self.steps) + 1
        picture = str(self.screenshots / f"{number:02} {name}.png")
        try:
            yield self.page
            self.settle()
        finally:
            self.page.screenshot(path=picture)
        self.steps.append({"step": name, "seconds": round(time.monotonic() - began, 1)})

    def settle(self) -> None:
        """Waits until the page asks for nothing more, so that a refusal counts for the step that caused it."""
        deadline, quiet = time.monotonic() + PATIENCE_MS / 1000, 0
        while quiet < 3:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.step_name}: no answer to {[request.url for request in self.open]}")
            self.page.wait_for_timeout(100)
            quiet = 0 if self.open else quiet + 1

    def go(self, route: str) -> None:
        """Opens a page of the UI."""
        self.page.goto(f"{self.url}/#{route}")

    def row(self, text: str) -> Locator:
        """The row of a table that shows a text."""
        return self.page.get_by_role("row").filter(has_text=text)

    def select_run(self, name: str) -> None:
        """Ticks the box of a run. The grid keeps its pinned columns apart: rows belong together by their number."""
        row = self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name)).first
        row.get_by_role("checkbox").first.click()

    def test_id(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)


def experiments(walk: Walk) -> None:
    with walk.step("home") as page:
        walk.go("/")
        expect(page.get_by_text(walk.seen["experiment"]).first).to_be_visible()
    with walk.step("experiments") as page:
        walk.go("/experiments")
        expect(page.get_by_role("link", name=walk.seen["experiment"])).to_be_visible()
    with walk.step("an experiment") as page:
        page.get_by_role("link", name=walk.seen["experiment"]).click()
        expect(page).to_have_url(re.compile(f"/experiments/{walk.seen['experiment_id']}"))


def runs(walk: Walk) -> None:
    experiment = walk.seen["experiment_id"]
    with walk.step("runs") as page:
        walk.go(f"/experiments/{experiment}/runs")
        expect(page.get_by_role("link", name="run-0")).to_be_visible()
        expect(page.get_by_role("link", name="run-5")).to_be_visible()
    with walk.step("runs sorted by a metric") as page:
        walk.test_id("sort-select-dropdown").click()
        page.get_by_role("menuitemcheckbox", name="loss", exact=True).or_(page.get_by_text("loss", exact=True)).first.click()
    with walk.step("runs filtered") as page:
        search = walk.test_id("search-box")
        search.fill("metrics.accuracy > 0.45")
        search.press("Enter")
        expect(page.get_by_role("link", name="run-5")).to_be_visible()
        expect(page.get_by_role("link", name="run-0")).to_have_count(0)
    with walk.step("no filter") as page:
        search.fill("")
        search.press("Enter")
        expect(page.get_by_role("link", name="run-0")).to_be_visible()
    with walk.step("columns") as page:
        walk.test_id("column-selection-dropdown").first.click()
        expect(walk.test_id("column-selector-tree")).to_be_visible()
        page.keyboard.press("Escape")


def charts(walk: Walk) -> None:
    with walk.step("charts") as page:
        walk.go(f"/experiments/{walk.seen['experiment_id']}/runs?compareRunsMode=CHART")
        expect(walk.test_id("experiment-view-compare-runs-card").first).to_be_visible()
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
    with walk.step("charts of a run") as page:
        walk.go(f"/experiments/{walk.seen['experiment_id']}/runs/{walk.seen['runs'][5]}/model-metrics")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()


def a_run(walk: Walk) -> None:
    route = f"/experiments/{walk.seen['experiment_id']}/runs/{walk.seen['runs'][5]}"
    with walk.step("a run") as page:
        walk.go(route)
        for text in ("run-5", "accuracy", "rate", "digits"):
            expect(page.get_by_text(text).first).to_be_visible()
    with walk.step("artifacts") as page:
        walk.go(f"{route}/artifacts")
        expect(page.get_by_text("notes.txt").first).to_be_visible()
    with walk.step("a text") as page:
        page.get_by_text("notes.txt").first.click()
        expect(page.get_by_text("a line of text").first).to_be_visible()
    with walk.step("a table") as page:
        page.get_by_text("table.csv").first.click()
        expect(page.get_by_text("epoch").first).to_be_visible()
    with walk.step("a picture") as page:
        page.get_by_text("pictures").first.click()
        page.get_by_text("ramp.png").first.click()
        picture = page.locator("img[src^='blob:'], .js-plotly-plot image").first
        expect(picture).to_be_visible()
    with walk.step("a page") as page:
        page.get_by_text("page.html").first.click()
        expect(page.frame_locator("iframe").get_by_text("a page of its own")).to_be_visible()


def comparison(walk: Walk) -> None:
    with walk.step("comparison") as page:
        walk.go(f"/experiments/{walk.seen['experiment_id']}/runs")
        for name in ("run-4", "run-5"):
            expect(page.get_by_role("link", name=name)).to_be_visible()
            walk.select_run(name)
        walk.test_id("runs-compare-button").click()
        expect(page.get_by_text("Comparing 2 Runs").first).to_be_visible()
        for text in ("run-4", "run-5", "accuracy", "layers"):
            expect(page.get_by_text(text).first).to_be_visible()


def deletion(walk: Walk) -> None:
    with walk.step("deletion of a run") as page:
        walk.go(f"/experiments/{walk.seen['experiment_id']}/runs")
        expect(page.get_by_role("link", name="run-3")).to_be_visible()
        walk.select_run("run-3")
        walk.test_id("runs-delete-button").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_role("link", name="run-3")).to_have_count(0)
    with walk.step("deleted runs") as page:
        walk.go(f"/experiments/{walk.seen['experiment_id']}/runs?lifecycleFilter=Deleted")
        expect(page.get_by_role("link", name="run-3")).to_be_visible()
    with walk.step("restoration of a run") as page:
        walk.select_run("run-3")
        walk.test_id("runs-restore-button").click()
        restore = page.get_by_role("dialog").get_by_role("button", name="Restore")
        restore.click()
        expect(page.get_by_role("link", name="run-3")).to_have_count(0)


def registry(walk: Walk) -> None:
    name = walk.seen["registered"]
    with walk.step("registered models") as page:
        walk.go("/models")
        page.get_by_role("dialog").get_by_role("button", name="Try it now").click()
        expect(page.get_by_role("link", name=name)).to_be_visible()
    with walk.step("a registered model") as page:
        page.get_by_role("link", name=name).click()
        expect(page.get_by_text("Version 2").first).to_be_visible()
    with walk.step("an alias") as page:
        walk.go(f"/models/{name}/versions/2")
        page.locator("[data-component-id*='modelversionviewaliaseditor']").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("combobox").fill("champion")
        page.keyboard.press("Enter")
        dialog.get_by_role("button", name="Save").click()
        expect(page.get_by_text("champion").first).to_be_visible()
    with walk.step("a stage") as page:
        page.get_by_role("switch").click()
        page.get_by_role("dialog").get_by_role("button").last.click()
        page.get_by_text("None", exact=True).first.click()
        page.get_by_text("Staging").first.click()
        page.get_by_role("dialog").get_by_role("button", name="OK").click()
        expect(page.get_by_text("Staging").first).to_be_visible()


def logged_models(walk: Walk) -> None:
    experiment, model = walk.seen["experiment_id"], walk.seen["model_id"]
    with walk.step("logged models") as page:
        walk.go(f"/experiments/{experiment}/models")
        expect(page.get_by_role("link", name="net").first).to_be_visible()
    with walk.step("a logged model") as page:
        walk.go(f"/experiments/{experiment}/models/{model}")
        for text in ("net", model, "depth"):
            expect(page.get_by_text(text).first).to_be_visible()


def traces(walk: Walk) -> None:
    with walk.step("traces") as page:
        walk.go(f"/experiments/{walk.seen['experiment_id']}/traces")
        expect(page.get_by_text("how warm is it?").first).to_be_visible()
    with walk.step("a trace") as page:
        page.get_by_text("how warm is it?").first.click()
        for span in ("ask-the-oracle", "look-it-up"):
            expect(page.get_by_text(span).first).to_be_visible()


def other_pages(walk: Walk) -> None:
    with walk.step("prompts") as page:
        walk.go("/prompts")
        expect(page.locator("#root")).not_to_be_empty()


PARTS: list[Callable[[Walk], None]] = [
    experiments,
    runs,
    charts,
    a_run,
    comparison,
    deletion,
    registry,
    logged_models,
    traces,
    other_pages,
]


def main() -> None:
    seen = json.load(sys.stdin)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=seen["chromium"], args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        walk = Walk(page, seen)
        for part in PARTS:
            try:
                part(walk)
            except (AssertionError, TimeoutError, Error) as error:
                walk.failures.append(f"{walk.step_name}: {str(error)[:600]}")
        browser.close()
    json.dump({"steps": walk.steps, "refused": walk.refused, "failures": walk.failures}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
