from surefit.report.markup import Html, element, join, table

EVIL = "<script>&\"'"
SAFE = "&lt;script&gt;&amp;&quot;&#x27;"


def test_strings_are_escaped_and_html_is_not():
    assert join(EVIL, Html("<b>bold</b>"), None, [EVIL], 3) == f"{SAFE}<b>bold</b>{SAFE}3"


def test_element_escapes_children_and_attributes():
    assert element("p", EVIL, title=EVIL) == f'<p title="{SAFE}">{SAFE}</p>'


def test_attributes_can_be_bare_or_left_out():
    assert element("input", checked=True, disabled=False, name=None) == "<input checked>"
    assert element("td", class_="a", data_label="b") == '<td class="a" data-label="b"></td>'


def test_table_heads_its_rows_and_names_its_box():
    text = table("Facts", ["what", "value"], [[EVIL, EVIL]])
    assert '<th scope="col">what</th>' in text
    assert f'<th scope="row">{SAFE}</th><td>{SAFE}</td>' in text
    assert 'role="region" aria-label="Facts"' in text
