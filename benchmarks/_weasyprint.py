"""The same statement by WeasyPrint: papers come as JSON lines, the rate goes out. `python _weasyprint.py FOLDER`."""

import json
import sys
import time
from importlib import resources
from pathlib import Path

sys.path.insert(0, sys.argv[1])

from jinja2 import Environment
from weasyprint import CSS, HTML  # type: ignore[import-not-found]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-not-found]

PAGE = """
{% macro w(it) %}{{ it.ltr if it is mapping else it }}{% endmacro %}
<!doctype html><html lang="{{ p.language }}"><head><title>{{ p.title }}</title></head><body>
<footer>{% for line in p.us.foot %}{{ line }}<br>{% endfor %}</footer>
<div class="brand">{{ p.us.name }}</div>
<div class="top"><address>{% for line in p.to %}{{ line }}<br>{% endfor %}</address>
<div>{% for name, value in p.about %}<b>{{ name }}:</b> {{ w(value) }}<br>{% endfor %}</div></div>
<h1>{{ p.title }}</h1><p class="lead">{{ p.lead }}</p>
{% for b in p.blocks %}
{% if b.kind == 'heading' %}<h{{ b.level }}>{{ w(b.text) }}</h{{ b.level }}>
{% elif b.kind == 'text' %}{% for each in b.paragraphs %}<p>{{ w(each) }}</p>{% endfor %}
{% elif b.kind == 'note' %}<div class="note">{% for each in b.paragraphs %}<p>{{ w(each) }}</p>{% endfor %}</div>
{% elif b.kind == 'sum' %}<table class="sum">{% for row in b.rows %}<tr{% if row.total %} class="total"{% endif %}><td>{{ w(row.name) }}</td>
<td class="f"><span>{{ row.value }}</span></td></tr>{% endfor %}</table>
{% elif b.kind == 'table' %}<table class="lines"><thead><tr>{% for h in b.head %}<th{% if b.figures[loop.index0] %} class="f"{% endif %}>{{ h }}</th>
{% endfor %}</tr></thead><tbody>{% for row in b.rows %}<tr>{% for c in row %}<td{% if b.figures[loop.index0] %} class="f"{% endif %}>{{ w(c) }}</td>
{% endfor %}</tr>{% endfor %}</tbody><tfoot>{% if b.foot %}<tr>{% for c in b.foot %}<td{% if b.figures[loop.index0] %} class="f"{% endif %}>{{ w(c) }}</td>
{% endfor %}</tr>{% endif %}</tfoot></table>{% endif %}{% endfor %}</body></html>
"""
STYLE = """
@font-face { font-family: Figtree; src: url("%s"); font-weight: 300 900 }
@page { size: A4; margin: 18mm 20mm 24mm; @bottom-left { content: element(foot); width: 80%% }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font: 7.8pt Figtree; color: #4c5b56 } }
footer { position: running(foot); font-size: 7.8pt; color: #4c5b56 }
body { font: 10pt/1.35 Figtree; color: #1b2926; font-variant-numeric: tabular-nums; margin: 0 }
.brand { font-size: 12.5pt; font-weight: 700; height: 22mm } .top { display: flex; gap: 10mm; height: 42mm; align-items: center }
address { font-style: normal; width: 85mm } h1 { font-size: 12.5pt; margin: 0 0 .5em } h2 { font-size: 10.5pt; margin: 1.6em 0 .6em }
h3 { font-size: 10pt; font-weight: 600; margin: 1.2em 0 .4em; break-after: avoid } .lead { color: #4c5b56 } p { margin: .5em 0 }
table { width: 100%%; border-collapse: collapse } td, th { padding: .3em .35em; text-align: left; border-top: .4pt solid #b9c6b6 }
th { background: #f1f4ee; font-size: 8.6pt; border: 0 } .f { text-align: right; white-space: nowrap } .total td, tfoot td { font-weight: 700;
  border-top: .9pt solid #1b2926 } .total span { border-bottom: 2pt double #1b2926 } .note { background: #f1f4ee; padding: .9em; border-radius: .4em }
"""


def main() -> None:
    """Sets each paper, and says how many a second."""
    font = Path(str(resources.files("fontpkg_figtree").joinpath("files"))) / "Figtree[wght].ttf"
    page, fonts = Environment(autoescape=True).from_string(PAGE), FontConfiguration()
    style = CSS(string=STYLE % font.as_uri(), font_config=fonts)
    papers = [json.loads(line) for line in sys.stdin]
    began = 0.0
    for n, paper in enumerate(papers):
        if n == 1:
            began = time.perf_counter()
        pdf = HTML(string=page.render(p=paper)).write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")
        assert pdf.startswith(b"%PDF")
    sys.stdout.write(json.dumps({"rate": (len(papers) - 1) / (time.perf_counter() - began)}))


if __name__ == "__main__":
    main()
