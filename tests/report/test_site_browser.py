"""The site of a store as a reader meets it: sorted, filtered, hovered, on a desk and on a phone."""

import time

import pytest

pytestmark = pytest.mark.browser

DESK, PHONE = 1280, 390
OVERFLOW = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
WIDE = """[...document.querySelectorAll('body *')].filter(
    (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
           && !e.closest('.scroll, .hidden, .skip, svg')
).map((e) => e.tagName + '.' + e.className)"""
FIRST = "[...document.querySelectorAll('.runs tbody tr')].map((r) => r.cells[{}].textContent)"
STATUS = "document.getElementById('table-status').textContent"
HEAD = "document.querySelector('.runs th[data-name={}]')"


def opened(browser, page, width=DESK, scheme="light", hash_=""):
    browser.open(page, width, scheme=scheme)
    if hash_:
        browser.evaluate(f"location.hash = {hash_!r}; location.reload()")
        time.sleep(0.2)
    waited(browser, "document.documentElement.dataset.complete === 'yes'")


def waited(browser, script, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not browser.evaluate(script):
        assert time.monotonic() < deadline, (script, browser.complaints())
        time.sleep(0.05)


def outside(browser, folder):
    home = folder.resolve().as_uri()
    return [address for address in browser.requests() if not address.startswith(home)]


def column(browser, name):
    place = browser.evaluate(
        "[...document.querySelectorAll('.runs th[scope=col]')]"
        f".findIndex((h) => h.dataset.name === '{name}')"
    )
    return browser.evaluate(FIRST.format(place))


def typed(browser, label, text):
    browser.evaluate(
        f"""(() => {{ const box = document.querySelector('[aria-label="{label}"]');
        box.value = {text!r}; box.dispatchEvent(new Event('input')); }})()"""
    )


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_site_opens_clean(browser, site, tmp_path, width, scheme):
    opened(browser, site, width, scheme)
    drawn = browser.evaluate(
        "[...document.querySelectorAll('.plot')].map((p) => p.querySelectorAll('.main-svg').length)"
    )
    # Phase diagram, law, steps, rate, eigenvalues, curves, spectra.
    assert len(drawn) == 7
    assert all(drawn)
    browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.evaluate(OVERFLOW) <= width
    assert browser.evaluate(WIDE) == []
    assert browser.complaints() == []
    assert outside(browser, site.parent) == []
    browser.screenshot(tmp_path / f"site-{width}.png")
    assert (tmp_path / f"site-{width}.png").stat().st_size > 50_000


def test_the_table_is_sorted_by_its_headings(browser, site):
    opened(browser, site)
    head = HEAD.format("width")
    assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == "none"
    browser.evaluate(f"{head}.querySelector('button').click()")
    assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == "ascending"
    assert set(column(browser, "width")) == {"8", "16"}
    # The same from the keyboard; the focus stays on the heading.
    browser.evaluate(f"{head}.querySelector('button').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
                     windowsVirtualKeyCode=13, text="\r")  # fmt: skip
    assert browser.evaluate(f"{head}.getAttribute('aria-sort')") == "descending"
    assert column(browser, "width")[0] == "512"  # the failed cell
    assert "76 of 76 runs, sorted by width, largest first" in browser.evaluate(STATUS)
    assert browser.evaluate(f"document.activeElement === {head}.querySelector('button')")
    assert browser.complaints() == []


def test_the_table_is_filtered(browser, site):
    opened(browser, site)
    typed(browser, "Filter width", ">= 64")
    assert browser.evaluate(STATUS).startswith("37 of 76 runs")  # 3 widths x 12, one failed cell
    typed(browser, "Filter samples", "10..20")
    assert browser.evaluate(STATUS).startswith("18 of 76 runs")
    assert set(column(browser, "samples")) <= {"12", "20"}
    typed(browser, "Filter width", ">> 3")
    assert (
        browser.evaluate(
            "document.querySelector('[aria-label=\"Filter width\"]').getAttribute('aria-invalid')"
        )
        == "true"
    )
    typed(browser, "Filter width", "-")
    assert "No run matches" in browser.evaluate("document.querySelector('.runs tbody').textContent")
    typed(browser, "Filter width", "")
    typed(browser, "Filter samples", "")
    choice = "document.querySelector('[aria-label=\"Filter converged\"]')"
    browser.evaluate(f"{choice}.value = '=no'; {choice}.dispatchEvent(new Event('change'))")
    assert set(column(browser, "converged")) == {"no"}
    assert browser.complaints() == []


def test_what_is_shown_is_in_the_address_and_in_the_file(browser, site):
    opened(browser, site, hash_="#?sort=width&desc=1&f.width=%3C%3D32&cols=run_id%2Cwidth&page=2")
    assert browser.evaluate(STATUS) == "38 of 76 runs, sorted by width, largest first. Page 2 of 2."
    heads = "[...document.querySelectorAll('.runs th[scope=col]')].map((h) => h.dataset.name)"
    assert browser.evaluate(heads) == ["run_id", "width"]
    lines = browser.evaluate("surefitTable.csv()").split("\r\n")
    assert lines[0] == "run_id,width"
    assert [line.split(",")[1] for line in lines[1:-1]] == ["32"] * 13 + ["16"] * 13 + ["8"] * 12
    browser.evaluate(f"{HEAD.format('run_id')}.querySelector('button').click()")
    assert "sort=run_id" in browser.evaluate("location.hash")
    assert browser.complaints() == []


def test_formulas_are_no_formulas_in_a_spreadsheet(browser, site):
    opened(browser, site, hash_="#?cols=run_id%2Cmessage&f.status=failed")
    text = browser.evaluate("surefitTable.csv()")
    assert ",\"<script>alert('x')</script>" in text
    assert browser.evaluate("surefitValues.textTest('= a')('A')") is True


def test_hovering_a_cell_tells_its_counts(browser, site):
    opened(browser, site)
    box = browser.evaluate(
        """(() => { const p = document.querySelector('#charts .plot');
        p.scrollIntoView({ block: 'center', behavior: 'instant' });
        const r = p.querySelector('.nsewdrag').getBoundingClientRect();
        return [r.left, r.top, r.width, r.height]; })()"""
    )
    x, y = box[0] + 0.04 * box[2], box[1] + 0.04 * box[3]
    for step in range(3):
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y)
        time.sleep(0.1)
    waited(browser, "document.querySelector('.hoverlayer').textContent.includes('succeeded')", 10)
    text = browser.evaluate("document.querySelector('.hoverlayer').textContent")
    assert "8 samples, width 256: 3 of 3 succeeded (probability" in text
    assert browser.complaints() == []


def test_success_and_families_can_be_chosen(browser, site):
    opened(browser, site)
    about = "document.querySelector('#charts figcaption p').textContent"
    assert "training ended at its target" in browser.evaluate(about)
    done = "document.documentElement.dataset.complete === 'yes'"
    browser.evaluate("document.querySelector('#success input[value=proved]').click()")
    waited(browser, f"{about}.includes('a certificate was proved')")
    select = "document.getElementById('family')"
    browser.evaluate(f"{select}.value = '1'; {select}.dispatchEvent(new Event('change'))")
    waited(browser, f"{done} && document.querySelector('#remarks').textContent !== ''")
    assert "one seed" in browser.evaluate("document.getElementById('remarks').textContent")
    assert "family=1" in browser.evaluate("location.hash")
    assert browser.complaints() == []
    assert "Page.javascriptDialogOpening" not in [e.get("method") for e in browser.events]


def test_lines_can_be_hidden_and_one_width_chosen(browser, site):
    opened(browser, site)
    shown = "document.querySelectorAll('[data-plot=curves] .scatterlayer .trace').length"
    before = browser.evaluate(shown)
    card = "document.querySelector('[data-plot=curves]').closest('figure')"
    browser.evaluate(f"{card}.querySelector('.legend button').click()")
    waited(browser, f"{shown} < {before}")
    browser.evaluate(
        f"(() => {{ const s = {card}.querySelector('select'); s.value = '64';"
        "s.dispatchEvent(new Event('change')); })()"
    )
    # Three seeds, each with a predicted curve and a bound.
    waited(browser, f"{shown} === 9")
    labels = f"[...{card}.querySelectorAll('.legend button span')].map((s) => s.textContent)"
    assert browser.evaluate(labels) == [
        "predicted curve",
        "proved bound",
        "seed 0",
        "seed 1",
        "seed 2",
    ]
    assert browser.complaints() == []


def test_the_page_of_a_run_opens_and_leads_back(browser, site):
    page = min(p for p in (site.parent / "runs").iterdir() if "digits" in p.name)
    browser.open(page, PHONE)
    assert browser.evaluate(OVERFLOW) <= PHONE
    assert browser.evaluate("document.querySelectorAll('.plot svg.main-svg').length > 0")
    assert browser.complaints() == []
    assert outside(browser, site.parent) == []
    browser.evaluate("document.querySelector('.home a').click()")
    waited(browser, "document.querySelector('.runs') !== null")


def test_on_paper_all_rows_are_there(browser, site):
    opened(browser, site)
    rows = "document.querySelectorAll('.runs tbody tr').length"
    assert browser.evaluate(rows) == 25
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert browser.evaluate(rows) == 76
    widths = browser.evaluate(
        "[...document.querySelectorAll('.plot')].map((p) => [p._fullLayout.width, p.clientWidth])"
    )
    assert all(drawn == box <= 700 for drawn, box in widths)
    browser.call("Emulation.setEmulatedMedia", media="print")
    table = "document.querySelector('.runs')"
    assert browser.evaluate(f"{table}.offsetWidth - {table}.parentElement.clientWidth") <= 0
    browser.call("Emulation.setEmulatedMedia", media="")
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate(rows) == 25
    assert browser.complaints() == []


def test_without_script_the_table_is_a_file(browser, site):
    browser.open(site, DESK, script=False)
    shown = "[...document.querySelectorAll('{}')].some((e) => e.checkVisibility())"
    assert browser.evaluate(shown.format("noscript a")) is True
    assert browser.evaluate(shown.format("#runs, .choices")) is False
