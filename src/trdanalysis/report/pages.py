"""Pages: their templates, and what a browser is told that it must not do with them.

Every page is one file. Its policy forbids the browser to load anything at all, and to run or apply
anything but the one script and the one style sheet whose checksums stand in the policy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import jinja2
from markupsafe import Markup

from trdanalysis.report import words

#: Of pages that hold what others wrote: everything lies within the page, nothing is fetched.
OPEN_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)

STYLE, SCRIPT = "style.css.j2", "report.js"


def render_page(template: str, *, scripted: bool, is_open: bool = False, **context: Any) -> str:
    """Render a page from its template.

    Parameters
    ----------
    template
        Of the folder ``templates``; it extends ``base.html.j2``.
    scripted
        Whether the page has the script that sorts, filters and downloads its tables.
    is_open
        Whether it holds what others wrote, as notebooks do: scripts and styles within the page may
        then be anyone's. It loads nothing all the same.
    context
        What the template names. Every text is escaped but what is :class:`markupsafe.Markup`.

    Returns
    -------
    str
        One HTML page without outside references. Equal contexts give equal text.
    """
    environment = make_environment()
    style = environment.get_template(STYLE).render()
    script = _source(environment, SCRIPT) if scripted else ""
    return environment.get_template(template).render(
        **context,
        # Own files of the package: nothing of a run's is in them.
        style=Markup(style),
        script=Markup(script),
        policy=OPEN_POLICY if is_open else content_policy(style, script),
    )


def content_policy(style: str, script: str) -> str:
    """Write the Content-Security-Policy of a page with this style sheet and this script.

    Nothing is ever fetched. Attributes ``style`` are allowed, for figures have them: without a
    source to fetch from, they can only change looks. Browsers that know no ``style-src-elem`` fall
    back to ``style-src``.
    """
    rules = [
        "default-src 'none'",
        f"script-src {_checksum(script)}" if script else "script-src 'none'",
        "style-src 'unsafe-inline'",
        f"style-src-elem {_checksum(style)}",
        "style-src-attr 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(rules)


def _checksum(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


@cache
def make_environment() -> jinja2.Environment:
    """Make the environment in which all templates are rendered."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trdanalysis.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "percent": words.percent, "count": words.count, "words": words.words,
        "groupby_kept": _group_kept,
    }  # fmt: skip
    return environment


def _group_kept(rows: Iterable[Any], key: str) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Group rows that follow each other; unlike Jinja's own filter it sorts nothing."""
    for value, part in groupby(rows, key=lambda row: row[key]):
        yield value, list(part)
