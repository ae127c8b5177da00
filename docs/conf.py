"""How Sphinx builds the manual: ``make docs``."""

import re
import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS / "_extensions")]

from archstat.version import __version__  # noqa: E402 - the checkout that the manual is of comes first in the path

project = "archstat"
author = "archstat contributors"
project_copyright = "archstat contributors"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "public_names",
    "command_help",
    "console_lexer",
]
exclude_patterns = ["_build", "examples"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Source", "notes_style"), ("Fields", "params_style")]
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
maximum_signature_line_length = 100

html_theme = "furo"
html_title = f"archstat {__version__}"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_show_sphinx = False
highlight_language = "none"
pygments_style = "friendly"
pygments_dark_style = "monokai"

PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Files beside the documents, and the pages of the site that hold them."""

_REPORT = re.compile(r"\[([^\]]*)\]\((?:\.\./)+(reports/[^)]*)\)")
_FILE = re.compile(r"\[`?[\w./-]+\.md`?\]\((?!https?:)")


def as_on_the_site(_app: Sphinx, name: str, source: list[str]) -> None:
    """Turn links that leave the folder of the documents into links of the site."""
    up = "../" * name.count("/")
    text = source[0]
    for beside, page in PAGES.items():
        text = text.replace(f"]({up}../{beside}", f"]({up}{page}")
    text = _REPORT.sub(rf'<a href="{up}\2">\1</a>', text)
    source[0] = _FILE.sub("[](", text)  # a page is called by its title here, and by its file where files are shown


def included_as_on_the_site(_app: Sphinx, _path: Path, _name: str, source: list[str]) -> None:
    """Do the same for a file beside the documents that a page includes."""
    for beside, page in PAGES.items():
        source[0] = source[0].replace(f"]({beside}", f"]({page}")
    source[0] = _FILE.sub("[](", source[0])


def with_reports(app: Sphinx, error: Exception | None) -> None:
    """Lay the built reports beside the pages: each is one file that needs nothing else."""
    if error is not None or app.builder.format != "html":
        return
    for page in ROOT.glob("reports/**/index.html"):
        target = Path(app.outdir) / page.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)


def setup(app: Sphinx) -> None:
    """What this manual does that no extension does."""
    app.connect("source-read", as_on_the_site)
    app.connect("include-read", included_as_on_the_site)
    app.connect("build-finished", with_reports)
