"""Frozen HTML is the same in every run, cannot be broken by its data, and asks for nothing from outside."""

import base64
import json
import re

import pytest

from cnncourse.viz.hosting import Frozen, as_script, freeze

MODULE = (
    "function render({ model, el }) { el.textContent = model.get('text'); }\nexport default { render };\n"
)
NASTY = [
    "</script><script>alert(1)</script>",
    "</SCRIPT >",
    "<!-- <script>",
    "]]>",
    'it\'s "quoted" \\ and ${templated} `back`',
    "line\u2028paragraph\u2029end",
    "\ud800 alone",
    "&lt;&amp;",
    "−·× 中文 🙂",
]


@pytest.mark.parametrize("text", NASTY)
def test_data_arrives_unchanged_and_cannot_leave_the_script(text):
    script = as_script({"text": text, text: 1})
    assert not set("<>&\u2028\u2029") & set(script)
    assert script.isascii()
    assert json.loads(script) == {"text": text, text: 1}
    html = freeze("demo", MODULE, "", {"text": text})
    assert html.count("</script>") == 1
    assert html.count("<script") == 1
    assert "<!--" not in html


def test_id_comes_from_the_content_alone():
    def identity(css="", **data):
        return re.search(r'id="(cnncourse-demo-\w{12})"', freeze("demo", MODULE, css, data))[1]

    assert identity(a=1, b=2) == identity(b=2, a=1)
    assert len({identity(a=1), identity(a=2), identity(css="p{}", a=1)}) == 3
    assert identity(a=1) == identity(a=1)


def test_nothing_is_fetched():
    html = freeze("demo", MODULE, "", {"text": "x"})
    assert not re.search(r"https?:|import\(|src=|href=|url\(", html)


@pytest.mark.parametrize(
    ("source", "css", "message"),
    [
        ("function render() {}", "", "must end in"),
        (MODULE + "console.log(1);", "", "must end in"),
        ("const t = '</script>';\n" + MODULE, "", "</script"),
        ("// <!-- \n" + MODULE, "", "<!--"),
        (MODULE, "p::after { content: '</style>' }", "</style"),
    ],
)
def test_sources_that_would_break_the_page_are_refused(source, css, message):
    with pytest.raises(ValueError, match=message):
        freeze("demo", source, css, {})


def test_nan_is_refused_since_a_page_cannot_read_it():
    with pytest.raises(ValueError, match="JSON"):
        freeze("demo", MODULE, "", {"x": float("nan")})


def test_every_kind_of_viewer_gets_something():
    drawn = []

    def draw():
        drawn.append(1)
        return b"png bytes"

    visual = Frozen("stepper", {"scene": {}}, name="demo: 1 step", alt='a "quoted" <alt>', draw=draw)
    assert repr(visual) == "<demo: 1 step>"
    assert not drawn, "nothing is drawn before it is needed"
    bundle = visual._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == b"png bytes"
    assert bundle["text/plain"] == visual.alt
    assert bundle["text/html"] == visual._repr_html_()
    assert 'alt="a &quot;quoted&quot; &lt;alt&gt;"' in bundle["text/html"]
    assert drawn == [1]
