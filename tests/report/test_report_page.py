import base64
import dataclasses
import hashlib
import itertools
import json
import math
import re
from html.parser import HTMLParser

import pytest

from surefit.core.check import Check, Evidence
from surefit.core.curve import Curve
from surefit.core.prediction import Promise
from surefit.core.record import RunRecord
from surefit.report import render
from surefit.report.marks import MEANING

VOID = {"br", "hr", "img", "input", "link", "meta"}
SECTIONS = [
    "What was asked",
    "Holds",
    "How far a certificate was",
    "Certificate",
    "What the theorems say",
    "What was measured",
    "Data and network",
    "How to reproduce it",
    "What to cite",
    "What is not claimed",
]
NAMES = ["good", "diverged", "bare", "hostile"]


class Page(HTMLParser):
    """A parsed page that insists on balanced tags."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.tags, self.texts = [], [], {}
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> is given twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append((tag, len(self.tags) - 1))

    def handle_endtag(self, tag):
        opened, _ = self.stack.pop()
        assert opened == tag

    def handle_data(self, data):
        for _, index in self.stack:
            self.texts[index] = self.texts.get(index, "") + data

    def all(self, *names):
        return [
            (attrs, self.texts.get(i, ""))
            for i, (tag, attrs) in enumerate(self.tags)
            if tag in names
        ]

    @property
    def text(self):
        """What a reader reads: no scripts, no style, no title."""
        body = next(i for i, (tag, _) in enumerate(self.tags) if tag == "body")
        text = self.texts[body]
        for _, script in self.all("script"):
            text = text.replace(script, "")
        return text


@pytest.fixture(scope="module")
def parsed(pages):
    return {name: Page(path.read_text(encoding="utf-8")) for name, path in pages.items()}


def read(record):
    return Page(render(record))


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_unique_and_links_lead_somewhere(parsed, name):
    page = parsed[name]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.tags:
        if attrs.get("href", "").startswith("#"):
            assert attrs["href"][1:] in ids
        for reference in attrs.get("aria-labelledby", "").split():
            assert reference in ids


@pytest.mark.parametrize("name", NAMES)
def test_headings_go_down_one_level_at_a_time(parsed, name):
    levels = [int(tag[1]) for tag, _ in parsed[name].tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched(parsed, name):
    page = parsed[name]
    for tag, attrs in page.tags:
        assert not {"src", "srcset", "poster", "action", "background"} & set(attrs), tag
        if tag == "link":
            assert attrs["href"].startswith("data:")
    style = page.all("style")[0][1]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", NAMES)
def test_only_the_scripts_of_the_page_may_run(parsed, name):
    page = parsed[name]
    policy = next(attrs["content"] for attrs, _ in page.all("meta") if "http-equiv" in attrs)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    scripts = [text for attrs, text in page.all("script") if "type" not in attrs]
    hashes = [hashlib.sha256(script.encode()).digest() for script in scripts]
    assert len(scripts) == 2
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == " ".join(
        f"'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes
    )


@pytest.mark.parametrize("name", NAMES)
def test_tables_have_captions_and_row_heads(parsed, name):
    page = parsed[name]
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attrs.get("scope") in {"row", "col"} for attrs, _ in page.all("th"))


@pytest.mark.parametrize("name", NAMES)
def test_plots_are_described_in_words(parsed, name):
    page = parsed[name]
    boxes = [attrs for attrs, _ in page.all("div") if attrs.get("class") == "plot"]
    data = json.loads(next(t for a, t in page.all("script") if a.get("id") == "plot-data"))
    assert [box["data-plot"] for box in boxes] == list(data)
    assert all(box["role"] == "img" and len(box["aria-label"]) > 40 for box in boxes)


def test_sections_stand_in_order(parsed):
    assert [text.removeprefix("Verdict: ") for _, text in parsed["good"].all("h2")] == SECTIONS


def test_the_good_run_tells_its_story(parsed, records):
    record, text = records.good(), parsed["good"].text
    assert record.verdict in text
    assert record.command in text
    assert record.run_id in text
    assert "Take 300 samples of digits, classes 0 and 1" in text
    assert "shallow network (width 512, tanh activation)" in text
    assert (
        "Of 4 theorems, 2 apply to this problem, 1 does not, and for 1 it cannot be said." in text
    )
    for theorem in record.theorems:
        assert theorem.title in text
        for check in theorem.prediction.assumptions:
            assert check.note in text
    for certificate in record.certificates:
        assert certificate.statement in text
        assert certificate.note in text
        assert certificate.theorem in text
    for meaning in MEANING.values():
        assert meaning in text
    assert "unit_norm" in text
    assert "0.10.2" in text


def test_theorems_that_apply_come_first_with_their_numbers(parsed):
    page = parsed["good"]
    bodies = [(a["id"], t) for a, t in page.all("tbody") if "theorem" in a.get("class", "")]
    assert [ident for ident, _ in bodies] == [
        "theorem-bartlett-montanari-rakhlin-2021",
        "theorem-liu-zhu-belkin-2022",
        "theorem-arora-et-al-2019",
        "theorem-du-et-al-2018",
    ]
    first = bodies[0][1]
    assert "factor 10 every 6976 steps" in first
    assert "3 of 3" in first
    assert "used 512" in first
    assert "fails: activation is ReLU" in bodies[3][1]


def test_numbers_that_rest_on_unstated_constants_say_so(parsed):
    page = parsed["good"]
    rows = {attrs["id"]: text for attrs, text in page.all("tbody") if "id" in attrs}
    arora = rows["theorem-arora-et-al-2019"].split("assumptions hold")[0]
    assert arora.count("unstated Cwidth") == 3  # rate, step and width
    du = rows["theorem-du-et-al-2018"].split("assumptions hold")[0]
    assert du.count("unstated C") == 2  # its curve, and so its rate, depends on no such constant
    assert "unstated" not in next(text for _, text in page.all("tr") if "0.0174" in text)


def test_citations_are_of_the_theorems_that_apply_and_of_surefit(parsed):
    text = next(t for a, t in parsed["good"].all("pre") if "BibTeX" in a.get("aria-label", ""))
    assert "bartlett2021deep" in text
    assert "liu2022loss" in text
    assert "arora2019fine" not in text
    assert "du2019gradient" not in text
    assert "version = {0.1.0}" in text


def test_theorems_behind_certificates_that_hold_are_cited(records):
    base = records.good()
    arora = next(item for item in base.theorems if item.name == "arora_et_al_2019")
    certificate = dataclasses.replace(records.certificate(), theorem=f"{arora.title}, sharpened")
    for checks, cited in ((certificate.checks, True), ((Check("C", 2.0, 1.0),), False)):
        shown = dataclasses.replace(certificate, checks=checks)
        page = read(dataclasses.replace(base, certificates=(shown,)))
        text = next(t for a, t in page.all("pre") if "BibTeX" in a.get("aria-label", ""))
        assert ("arora2019fine" in text) is cited


def test_limits_follow_from_what_the_run_used(parsed, records):
    assert "Checks with evidence “sampled”" in parsed["good"].text
    assert "Checks with evidence “sampled”" not in parsed["diverged"].text
    base = records.good()
    bare = dataclasses.replace(base, theorems=(), certificates=())
    page = read(dataclasses.replace(bare, data_checks=()))
    assert "No theorem was asked." in page.text
    assert "Checks with evidence" not in page.text


@pytest.mark.parametrize(
    ("holds", "word"), [(True, "Holds"), (False, "Does not hold"), (None, "Cannot say")]
)
def test_the_verdict_has_a_word_and_a_shape(records, holds, word):
    page = read(dataclasses.replace(records.bare(), holds=holds))
    banner = next((a, t) for a, t in page.all("section") if a["id"] == "verdict")
    assert word in banner[1]
    shapes = {key: render(dataclasses.replace(records.bare(), holds=key)) for key in (True, False)}
    assert shapes[True].count('d="M5 10.5') == shapes[False].count('d="M5 10.5') + 1


def test_a_broken_promise_of_a_theorem_that_applies_is_an_alarm(parsed):
    assert "A promise of a theorem that applies was broken: Bartlett" in parsed["diverged"].text
    assert "was broken" not in parsed["good"].text


def test_a_certificate_that_does_not_hold_claims_nothing(records, parsed):
    sentence = "What follows is not established"
    assert sentence not in parsed["good"].text
    assert sentence in parsed["diverged"].text
    certificate = records.certificate()
    failing = dataclasses.replace(certificate, checks=(Check("C", 2.0, 1.0),))
    page = read(dataclasses.replace(records.good(), certificates=(failing,)))
    assert sentence in page.text


def test_certificates_that_hold_come_first_and_the_others_are_folded(records):
    holding = records.certificate()
    failing = dataclasses.replace(holding, name="second", checks=(Check("C", 2.0, 1.0),))
    page = read(dataclasses.replace(records.good(), certificates=(failing, holding)))
    articles = [text for _, text in page.all("article")]
    assert "two_layer_smooth" in articles[0]
    folded = [text for _, text in page.all("details") if "Certificate second" in text]
    assert len(folded) == 1
    assert "1 more was tried and does not hold" in folded[0]


def test_quantities_that_do_not_apply_are_left_out(records):
    certificate = records.certificate()
    numbers = {"rate": math.nan, "exponent": 0.25, "loss": 3.5, "of_tomorrow": 7.0}
    certificate = dataclasses.replace(certificate, quantities=numbers)
    page = read(dataclasses.replace(records.good(), certificates=(certificate,)))
    main, more = [text for attrs, text in page.all("dl") if attrs["class"] == "quantities"]
    assert "the residual norm falls like" in main
    assert "of tomorrow" in main
    assert "factor per step" not in main
    assert "3.5" in more


def test_a_bare_run_has_every_section_and_says_what_is_missing(parsed):
    page = parsed["bare"]
    assert len(page.all("h2")) == len(SECTIONS) - 1  # no history of C
    for sentence in (
        "The spec of this run is empty.",
        "No certificate was issued",
        "One theorem was asked. It does not apply",
        "The data were not checked.",
        "No command was recorded",
        "No theorem applies to this run",
        "Training was interrupted after 3 units of time",
    ):
        assert sentence in page.text


def test_a_diverged_run_says_so(parsed):
    text = parsed["diverged"].text
    assert "Training diverged after 399 steps" in text
    assert "Choose a step size below 0.0351" in text
    assert "From step 191 on, a measured value is not a finite number" in text


def test_hostile_text_stays_text(parsed, records):
    page = parsed["hostile"]
    tags = [tag for tag, _ in page.tags]
    assert "img" not in tags
    assert tags.count("script") == 3
    assert tags.count("title") == 1
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on")], tag
        assert not attrs.get("href", "").startswith("javascript")
    assert page.text.count(records.EVIL) > 30
    assert records.EVIL in page.all("title")[0][1]


def test_the_data_block_cannot_be_closed_from_inside(pages):
    text = pages["hostile"].read_text(encoding="utf-8")
    start = text.index('id="plot-data">') + len('id="plot-data">')
    block = text[start : text.index("</script>", start)]
    assert not set("<>&") & set(block)
    json.loads(block)


def test_every_number_may_be_nan(records, tmp_path):
    record = records.good()
    theorem = record.theorems[0]
    nan = math.nan
    prediction = dataclasses.replace(
        theorem.prediction,
        promises=(
            Promise("squared_residual", Curve.geometric(nan, 0.9), tolerance=nan),
            Promise("distance", nan),
        ),
        unstated={"C": nan},
        rate=nan,
        width=nan,
        step_size=nan,
        radius=nan,
    )
    record = dataclasses.replace(
        record,
        spectra={"limit_ntk": [nan, 1.0]},
        theorems=(dataclasses.replace(theorem, prediction=prediction),),
        trajectory=dataclasses.replace(record.trajectory, step_size=nan, seconds=nan),
        problem={"samples": nan},
    )
    record.save(tmp_path)
    for shown in (record, RunRecord.load(tmp_path)):
        assert "unknown" in read(shown).text


def test_evidence_of_a_certificate_without_checks_is_the_weakest(records):
    certificate = dataclasses.replace(records.certificate(), checks=())
    assert certificate.evidence is Evidence.ASSUMED
    assert certificate.holds is None


def test_stored_records_are_shown_in_the_usual_order(records, tmp_path):
    record = records.good()
    record.save(tmp_path)
    for shown in (record, RunRecord.load(tmp_path)):
        page = read(shown)
        fields = [text for attrs, text in page.all("code") if text in record.spec]
        assert fields[:3] == ["data", "data_sha256", "classes"]
        assert page.text.index("the whole path from") < page.text.index("smallest singular value")
        assert page.text.index("samples n") < page.text.index("inputs per sample d")
        assert page.text.index("limit kernel (inf") < page.text.index("this network, at the start")
