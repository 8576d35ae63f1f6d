"""The page as a reader meets it: in a browser, on a desk and on a phone."""

import pytest

pytestmark = pytest.mark.browser

DESK, PHONE = 1280, 390
PLOTS = "[...document.querySelectorAll('.plot')]"
OVERFLOW = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
WIDE = """[...document.querySelectorAll('body *')].filter(
    (e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
           && !e.closest('.scroll, .hidden, .skip, svg')
).map((e) => e.tagName + '.' + e.className)"""


def test_bad_pages_are_noticed(browser, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        "<meta name=viewport content='width=device-width'><div style='width:500px'>wide</div>"
        "<img src='http://127.0.0.1:9/x.png'><script>console.error('no');"
        "document.documentElement.dataset.ready = 'yes'; throw new Error('oh')</script>"
    )
    browser.open(page, PHONE)
    assert browser.evaluate(OVERFLOW) > PHONE
    assert browser.evaluate(WIDE) == ["DIV."]
    complaints = " ".join(browser.complaints())
    assert "no" in complaints
    assert "oh" in complaints
    assert browser.requests() == ["http://127.0.0.1:9/x.png"]


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("name", ["good", "diverged", "bare", "hostile"])
def test_page_loads_clean(browser, pages, name, width, scheme):
    browser.open(pages[name], width, scheme=scheme)
    drawn = browser.evaluate(f"{PLOTS}.map((p) => p.querySelectorAll('svg.main-svg').length > 0)")
    assert drawn
    assert all(drawn)
    browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate(OVERFLOW) <= width
    assert browser.evaluate(WIDE) == []
    assert browser.complaints() == []
    assert browser.requests() == []
    assert "Page.javascriptDialogOpening" not in [e.get("method") for e in browser.events]


def test_every_shown_line_is_drawn(browser, pages):
    browser.open(pages["good"], DESK)
    counts = browser.evaluate(
        f"{PLOTS}.map((p) => [p.querySelectorAll('.scatterlayer .trace').length,"
        "p.data.filter((line) => line.visible === true).length])"
    )
    assert all(drawn == wanted > 0 for drawn, wanted in counts)


def test_a_legend_button_shows_a_hidden_prediction(browser, pages):
    browser.open(pages["good"], DESK)
    traces = "document.querySelectorAll('.wide .scatterlayer .trace').length"
    button = "document.querySelector('.wide .legend button[aria-pressed=false]')"
    before = browser.evaluate(traces)
    browser.evaluate(f"{button}.click()")
    assert browser.evaluate(traces) == before + 1
    assert browser.evaluate(button) is None
    assert browser.complaints() == []


def test_the_time_axis_of_all_plots_can_be_logarithmic(browser, pages):
    browser.open(pages["good"], DESK)
    types = f"{PLOTS}.map((p) => p._fullLayout.xaxis.type)"
    choose = "document.querySelector('.switch input[value={}]').click()"
    before = browser.evaluate(types)
    assert before.count("linear") == len(before) - 2  # the history of C, the spectrum
    browser.evaluate(choose.format("log"))
    assert set(browser.evaluate(types)) == {"log"}
    browser.evaluate(choose.format("each"))
    assert browser.evaluate(types) == before
    assert browser.complaints() == []


def test_plots_follow_the_colour_scheme(browser, pages):
    colours = []
    for scheme in ("light", "dark"):
        browser.open(pages["good"], DESK, scheme=scheme)
        colours.append(
            browser.evaluate(
                "[getComputedStyle(document.querySelector('.plot .xtick text')).fill,"
                "getComputedStyle(document.querySelector('.plot .js-line')).stroke,"
                "getComputedStyle(document.body).backgroundColor]"
            )
        )
    assert all(light != dark for light, dark in zip(*colours, strict=True))


def test_a_link_to_a_theorem_unfolds_it(browser, pages):
    browser.open(pages["good"], PHONE)
    row = "document.querySelector('#theorem-du-et-al-2018 details').open"
    assert browser.evaluate(row) is False
    browser.evaluate(
        "new Promise((done) => { addEventListener('hashchange', () => setTimeout(done));"
        "location.hash = '#theorem-du-et-al-2018'; })"
    )
    assert browser.evaluate(row) is True


def test_boxes_that_scroll_can_be_reached_by_keyboard(browser, pages):
    browser.open(pages["good"], PHONE)
    scrolling = browser.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((b) => b.scrollWidth > b.clientWidth)"
        ".map((b) => b.tabIndex)"
    )
    assert scrolling
    assert set(scrolling) == {0}


def test_without_script_the_numbers_are_there(browser, pages):
    browser.open(pages["good"], DESK, script=False)
    shown = "[...document.querySelectorAll('{}')].some((e) => e.checkVisibility())"
    assert browser.evaluate(shown.format(".plot")) is False
    assert browser.evaluate(shown.format("noscript p")) is True
    assert browser.evaluate(shown.format(".numbers summary")) is True


def test_on_paper_everything_is_unfolded_and_fits(browser, pages):
    browser.open(pages["good"], DESK, scheme="dark")
    closed = "document.querySelectorAll('details:not([open])').length"
    before = browser.evaluate(closed)
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    kept = "document.querySelectorAll('details.numbers, .legend details').length"
    assert browser.evaluate(closed) == browser.evaluate(kept) < before
    widths = browser.evaluate(f"{PLOTS}.map((p) => [p._fullLayout.width, p.clientWidth])")
    assert all(drawn == box <= 700 for drawn, box in widths)
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert browser.evaluate(closed) == before
    assert browser.complaints() == []
