"""What notebooks show, as pages of their own inside of frames.

A frame keeps the styles and the script of a page from reaching the notebook, and those of the
notebook and of other outputs from reaching the page: any number of them stand side by side. The
page is the house's own, of the same script and style sheet as the report, and loads nothing.
"""

from __future__ import annotations

from html import escape

#: What a page in a frame may do: run its one script, whose checksum stands in its policy, and save
#: a table. It has no access to the notebook.
_MAY = "allow-scripts allow-downloads"


def frame_page(page: str, title: str, size: str, *, scripted: bool = True) -> str:
    """Put a page into a frame.

    Parameters
    ----------
    page
        A self-contained HTML page.
    title
        What it shows, for those who do not see it.
    size
        Declarations of CSS that say how high it is, such as ``height:36em``.
    scripted
        Whether it may run its script.
    """
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="{_MAY if scripted else ""}"'
        f' title="{escape(title)}"'
        f' style="width:100%;{size};resize:vertical;border:1px solid #c9d0d8"></iframe>'
    )
