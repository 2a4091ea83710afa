"""The page of `bench serve` in a real browser. Started by web.sh."""

import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from scripted_model import HOSTILE, MOODS, Server

BENCH = os.environ["BENCH"]
PICTURES = os.environ.get("PICTURES")
WIDTHS = {390: 844, 820: 1180, 1440: 900}
GRADES = [1, 0.9667, 1]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def say(text):
    print(f"  {text}")


def bench(*arguments):
    return subprocess.run([BENCH, *arguments], check=True, capture_output=True, text=True).stdout


# A model that writes markup, and waits where it is told to.
model = Server(MOODS["hostile"]())
MODEL = ["--model", "evil", "--base-url", model.url, "--agent", "llm",
         "--protocol", "text", "--assist", "off", "--progress", "none"]


def start_server(*options):
    server = subprocess.Popen([BENCH, "serve", "--port", "0", *options], stderr=subprocess.PIPE, text=True)
    line = server.stderr.readline()
    threading.Thread(target=server.stderr.read, daemon=True).start()
    return server, re.search(r"http://[\d.:]+", line).group()


# ---- what a page may not do ----

problems = []


def watch(page, origin):
    """Notes every error of the console, every violation of the policy, and every request to elsewhere."""
    page.on("console", lambda message: problems.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("request", lambda request: None if request.url.startswith((origin, "data:", "blob:")) else problems.append(f"request: {request.url}"))
    page.add_init_script("""
        document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
        window.longest = 0;
        new PerformanceObserver((list) => { for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration); })
            .observe({ type: 'longtask', buffered: true });
    """)


def check_axe(page, name):
    found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    assert not found, f"{name}: " + "; ".join(f"{one['id']} at {one['nodes'][0]['target']}" for one in found)


def until(page, expression, argument=None, seconds=20):
    """Waits for something in the page. Playwright's own way is a script made of text, which the page's policy refuses."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"not within {seconds} s: {expression}"
        page.wait_for_timeout(50)


def hook(page, name):
    return page.get_by_test_id(name)


def played(page):
    return [hook(page, name).inner_text() for name in ("scenario-id", "steps-left", "history", "evidence")]


def play_tour(page, url, number):
    page.goto(f"{url}/#/play")
    hook(page, f"tour-{number}").click()
    page.get_by_text(re.compile("step 1 of")).wait_for()
    finish_tour(page, lambda: hook(page, "tour-next").click())
    shown = hook(page, "grade-total").inner_text()
    assert float(shown) == GRADES[number - 1], shown
    return shown


def finish_tour(page, press):
    for _ in range(12):
        if hook(page, "tour-next").inner_text() == "Finish":
            return
        before = hook(page, "tour").inner_text()
        press()
        until(page, "before => document.querySelector('[data-testid=tour]').innerText !== before", before)
    raise AssertionError("the tour has no end")


def main():
    say("runs to look at: built-in agents, a large one, and a model that writes markup")
    bench("--agent", "random,heuristic,oracle", "--epochs", "4", "--quiet")
    bench("--agent", "random,heuristic,oracle", "--epochs", "4", "--seed", "9", "--quiet")
    base, new = sorted(os.listdir("results/runs"))
    bench("--agent", "random,fallback,heuristic,oracle", "--epochs", "28", "--quiet", "--out", "large")
    [large] = os.listdir("large/runs")
    os.rename(f"large/runs/{large}", f"results/runs/{large}")
    bench(*MODEL, "--task", "root_cause_analysis", "--quiet")
    evil = pathlib.Path("results/latest").read_text().strip()
    # A scenario whose evidence is markup, too.
    pathlib.Path("hostile").mkdir()
    text = (ROOT / "crates/incident-env/scenarios/root_cause_analysis/RCA-001.toml").read_text()
    assert "no LIMIT" in text
    pathlib.Path("hostile/RCA-001.toml").write_text(text.replace("no LIMIT", HOSTILE.replace('"', "'")))

    server, url = start_server()
    hostile_server, hostile_url = start_server("--scenarios", "hostile")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=[
            "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"])
        try:
            check(browser, url, hostile_url, base, new, large, evil)
            if PICTURES:
                take_pictures(browser, url, base, new, large, evil)
        finally:
            browser.close()
            for process in (server, hostile_server):
                process.terminate()
    print("  passed")


def check(browser, url, hostile_url, base, new, large, evil):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watch(page, url)

    page.goto(url)
    hook(page, "reset").wait_for()
    figures = page.evaluate("""() => ({
        bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, one) => sum + one.transferSize, 0),
        drawn: Math.round(performance.getEntriesByType('paint').at(-1).startTime),
        loaded: Math.round(Math.max(...performance.getEntriesByType('resource').map((one) => one.responseEnd))),
    })""")
    say(f"first view: {figures['bytes']} bytes, last file after {figures['loaded']} ms, drawn after {figures['drawn']} ms")
    assert figures["bytes"] < 150_000, figures

    say("the walkthroughs: " + ", ".join(play_tour(page, url, number) for number in (1, 2, 3)))
    check_axe(page, "play, at the end")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    hook(page, "tour-1").wait_for()
    assert hook(page, "steps-left").count() == 0
    check_axe(page, "play, before an episode")

    say("an incident that is made on the spot")
    hook(page, "scenario").select_option("generated")
    hook(page, "level").select_option("hard")
    hook(page, "seed").fill("7")
    hook(page, "reset").click()
    hook(page, "steps-left").wait_for()
    assert page.get_by_text("GEN-").count() > 0
    check_axe(page, "play, within an episode")

    say("a reload in the midst of it")
    hook(page, "execute").click()
    steps = "count => document.querySelectorAll('[data-testid=history] > li').length === count"
    until(page, steps, 1)
    standing = played(page)
    page.reload()
    hook(page, "steps-left").wait_for()
    assert played(page) == standing, (standing, played(page))
    hook(page, "execute").click()
    until(page, steps, 2)
    # What the server no longer has as it was is not shown.
    page.evaluate("""() => {
        const kept = JSON.parse(sessionStorage.getItem('incident-bench-episode'));
        kept.observation.step_count = 1;
        sessionStorage.setItem('incident-bench-episode', JSON.stringify(kept));
    }""")
    page.reload()
    hook(page, "tour-1").wait_for()
    page.wait_for_timeout(500)
    assert hook(page, "steps-left").count() == 0

    say("the keyboard alone")
    page.goto("about:blank")
    page.goto(f"{url}/#/play")
    hook(page, "tour-1").wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.testid") == "tour-1":
            break
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("step 1 of")).wait_for()
    finish_tour(page, lambda: page.keyboard.press("Enter"))
    assert float(hook(page, "grade-total").inner_text()) == GRADES[0]

    say("runs, scores, a comparison")
    page.goto(f"{url}/#/scores")
    page.locator(f"[data-testid=run-row][data-run='{base}']").wait_for()
    assert page.locator("[data-testid=run-row]").count() == 4
    check_axe(page, "scores")
    for run in (base, new):
        page.locator(f"[data-testid=run-row][data-run='{run}'] [data-testid=choose]").check()
    hook(page, "compare").click()
    hook(page, "verdict").wait_for()
    told = subprocess.run([BENCH, "compare", base, new], capture_output=True, text=True)
    words = {0: ("better", "same"), 1: ("worse", "worse than the margin"), 3: ("not decided",)}[told.returncode]
    verdict = hook(page, "verdict").inner_text().splitlines()[0]
    say(f"verdict: {verdict}")
    assert verdict.lower() in words, f"the page says {verdict}, the command {words}"
    check_axe(page, "comparison")
    page.goto(f"{url}/#/runs/{base}")
    hook(page, "score-table").wait_for()
    table = hook(page, "score-table").inner_text()
    summary = json.loads(pathlib.Path(f"results/runs/{base}/summary.json").read_text())
    for row in summary["rows"]:
        assert row["model"] in table and f"{row['overall']:.3f}" in table, (row["model"], table)
    for task in ("alert_classification", "root_cause_analysis", "remediation_planning"):
        assert hook(page, f"plot-{task}").locator("svg").count() > 0, task
    check_axe(page, "run")

    say("a run of a thousand episodes, to its end")
    page.goto(f"{url}/#/runs/{large}")
    episodes = hook(page, "episodes")
    episodes.wait_for()
    page.evaluate("window.longest = 0")
    episodes.scroll_into_view_if_needed()
    page.evaluate("""async () => {
        const list = document.querySelector('[data-testid=episodes]');
        const boxes = [list, ...list.querySelectorAll('*')];
        const box = boxes.find((one) => one.scrollHeight > one.clientHeight + 200 && getComputedStyle(one).overflowY !== 'visible') || document.scrollingElement;
        for (let at = 0; at <= box.scrollHeight; at += 240) { box.scrollTop = at; await new Promise(requestAnimationFrame); }
    }""")
    page.locator("[data-testid=episode-row][data-n='1007']").wait_for()
    say(f"longest task while it scrolled: {page.evaluate('window.longest'):.0f} ms; rows in the page: {page.locator('[data-testid=episode-row]').count()}")
    assert page.locator("[data-testid=episode-row]").count() < 200

    say("a trajectory with hostile and long replies")
    page.goto(f"{url}/#/runs/{evil}/episodes/0/2")
    page.locator("[data-testid=step][data-step='2']").wait_for()
    page.evaluate("window.longest = 0")
    for fold in hook(page, "reply").all():
        fold.locator("summary, button").first.click()
    hook(page, "prompt").first.locator("summary, button").first.click()
    page.evaluate("""async () => {
        for (let at = 0; at <= document.scrollingElement.scrollHeight; at += 300) { scrollTo(0, at); await new Promise(requestAnimationFrame); }
    }""")
    text = hook(page, "reply").first.text_content()
    assert HOSTILE in text and len(text) > 100_000, len(text)
    say(f"longest task: {page.evaluate('window.longest'):.0f} ms")
    assert page.evaluate("[window.hacked, document.images.length, document.querySelectorAll('main script').length]") == [None, 0, 0]
    assert hook(page, "oracle").count() > 0
    check_axe(page, "trajectory")
    page.goto(f"{url}/#/beside/{base}/0/{base}/1")
    hook(page, "first-difference").first.wait_for()
    check_axe(page, "side by side")

    say("a run that goes on appears and grows without a reload")
    page.goto(f"{url}/#/scores")
    page.locator(f"[data-testid=run-row][data-run='{base}']").wait_for()
    page.evaluate("window.same = true")
    # An endpoint is asked twice before a run is made, which must not wait.
    model.hold(but=2)
    live = subprocess.Popen([BENCH, *MODEL, "--task", "alert_classification", "--quiet"], stdout=subprocess.DEVNULL)
    row = page.locator("[data-testid=run-row]").first
    until(page, "document.querySelectorAll('[data-testid=run-row]').length === 5")
    until(page, "/running/i.test(document.querySelector('[data-testid=run-row]').innerText)")
    model.release()
    until(page, "!/running/i.test(document.querySelector('[data-testid=run-row]').innerText)", seconds=60)
    assert live.wait() == 0
    assert page.evaluate("window.same") and "3" in row.inner_text(), row.inner_text()
    context.close()

    say("in the dark, and on a phone")
    for scheme, width in (("dark", 1440), ("light", 390), ("dark", 390)):
        context = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme)
        page = context.new_page()
        watch(page, url)
        for name, path in views(base, new, large, evil).items():
            show(page, url, path)
            check_axe(page, f"{name}, {scheme}, {width}")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} px wide on {width}"
        context.close()

    say("markup in evidence stays text")
    context = browser.new_context()
    page = context.new_page()
    watch(page, hostile_url)
    page.goto(hostile_url)
    hook(page, "tour-2").click()
    for step in (1, 2):
        page.get_by_text(re.compile(f"step {step} of")).wait_for()
        hook(page, "tour-next").click()
    until(page, "document.querySelector('[data-testid=evidence]').innerText.includes('<script>')")
    assert page.evaluate("[window.hacked, document.images.length]") == [None, 0]
    context.close()
    assert not problems, "\n".join(sorted(set(problems)))


def views(base, new, large, evil):
    return {
        "play": "#/play", "tour": "#/play", "scores": "#/scores", "run": f"#/runs/{base}", "large-run": f"#/runs/{large}",
        "compare": f"#/compare/{base}/{new}", "trajectory": f"#/runs/{base}/episodes/24",
        "model-trajectory": f"#/runs/{evil}/episodes/0/2", "beside": f"#/beside/{base}/0/{base}/1",
    }


def show(page, url, path):
    page.goto("about:blank")
    page.goto(f"{url}/{path}")
    until(page, "document.querySelector('main').children.length > 0")
    page.wait_for_load_state("networkidle") if "scores" not in path and "runs" not in path else page.wait_for_timeout(700)


def take_pictures(browser, url, base, new, large, evil):
    for scheme in ("light", "dark"):
        for width, height in WIDTHS.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            page = context.new_page()
            for name, path in views(base, new, large, evil).items():
                show(page, url, path)
                if name == "tour":
                    hook(page, "tour-3").click()
                    for _ in range(5):
                        before = hook(page, "tour").inner_text()
                        hook(page, "tour-next").click()
                        until(page, "before => document.querySelector('[data-testid=tour]').innerText !== before", before)
                page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png")
            context.close()
    say(f"pictures in {PICTURES}")


sys.exit(main())
