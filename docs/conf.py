"""The site: `sphinx-build -W --keep-going docs out/site`, with the extra `docs` installed.

Sphinx with myst-nb and the book theme, as jax, flax and optax have it.
"""

import os
import re

from docutils import nodes
from sphinx import addnodes

# Notebooks run as the commands do.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from jaxtex.version import __version__

project = "jaxtex"
author = "The jaxtex authors"
copyright = "The jaxtex authors, Apache-2.0"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "sphinx_copybutton",
]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 4
# Programs are compiled as a notebook runs.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 90
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Docstrings have Markdown's single backquotes.
default_role = "code"
# An option begins with two hyphens, not with a dash.
smartquotes = False
viewcode_line_numbers = True

html_theme = "sphinx_book_theme"
html_title = f"jaxtex {__version__}"
html_static_path = ["_static"]
html_css_files = ["jaxtex.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "use_download_button": True,
    "use_fullscreen_button": False,
    "use_sidenotes": False,
}


def examples_as_code(app, ctx, lines):
    """Sets the lines of a command's examples as code."""
    for index, line in enumerate(lines):
        found = re.fullmatch(r"(\|\s*)((?:jaxtex|--) ?.*)", line)
        if found:
            lines[index] = f"{found[1]}``{found[2]}``"


def colons(before, after):
    """Hides the colons of an attribute from napoleon, which takes the words before for a type."""

    def replace(app, what, name, each, options, lines):
        if what in ("attribute", "data", "property"):
            lines[:] = [line.replace(before, after) for line in lines]

    return replace


def short_defaults(app, what, name, each, options, arguments, returned):
    """Shows a default that is a function as an ellipsis, with which Sphinx can read the line."""
    return arguments and re.sub(r"<function .*?<lambda>>", "...", arguments), returned


def short_arrays(app, doctree):
    """Calls JAX's arrays in annotations what the code calls them."""
    for signature in doctree.findall(addnodes.desc_signature):
        for text in list(signature.findall(nodes.Text)):
            if "jaxlib._jax." in text:
                text.parent.replace(text, nodes.Text(text.replace("jaxlib._jax.", "")))


def modules_with_source(app, env):
    """Lists no module whose source viewcode has not found."""
    env._viewcode_modules = {name: entry for name, entry in env._viewcode_modules.items() if entry}


def setup(app):
    """Called by Sphinx."""
    app.connect("sphinx-click-process-description", examples_as_code)
    app.connect("autodoc-process-docstring", colons(":", "\ue000"), priority=400)
    app.connect("autodoc-process-docstring", colons("\ue000", ":"), priority=600)
    app.connect("autodoc-process-signature", short_defaults)
    app.connect("doctree-read", short_arrays)
    app.connect("env-updated", modules_with_source)
