"""A bare page: `granian --interface wsgi benchmarks._bare:application`.

As many primary-key SELECTs as the page it is measured against runs statements, one transaction, and a
template that writes as many bytes. BENCH_DATABASE_URL, BENCH_SELECTS and BENCH_PAGE (a file) say which.
"""

import os
from pathlib import Path

from flask import Flask, render_template_string
from sqlalchemy import create_engine, text

application = Flask(__name__)
_engine = create_engine(os.environ.get("BENCH_DATABASE_URL", "postgresql+psycopg://"), pool_size=2, max_overflow=2)
_selects = int(os.environ.get("BENCH_SELECTS", "1"))
_page = Path(os.environ["BENCH_PAGE"]).read_text("utf-8") if "BENCH_PAGE" in os.environ else ""
_template = "{% for line in lines %}{{ line }}\n{% endfor %}"


@application.get("/<int:person>")
def page(person: int) -> str:
    """Reads a row so many times, and writes the page line by line."""
    with _engine.connect() as connection:
        for _ in range(_selects):
            connection.execute(text("select id, name from person where id = :id"), {"id": person}).one()
    return render_template_string(_template, lines=_page.splitlines())
