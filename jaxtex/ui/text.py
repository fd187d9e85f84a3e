"""All words of the browser front, in English, so that they can be translated in one place."""

NAME = "jaxtex"

# The frame of every page.
STYLISE, TEXTURES, GALLERY = "Stylise", "Textures", "Gallery"
SKIP = "Skip to the content"
PAGES = "Pages"
THEME = "Light or dark"
OFFLINE = "The server does not answer. What you did is kept; the page goes on when it is back."
WARMING = "warming up"
READY = "ready"
QUEUE = "Queue"
QUEUE_EMPTY = "Nothing is at work."
AT_WORK = "at work"
NEXT = "next"
PLACE = "place {place}"
DROP_JOB = "Drop"

# What is refused before a page is shown.
HOST_REFUSED = "This name is not one of this server's. Open the link that jaxtex ui printed."
ORIGIN_REFUSED = "Requests from other sites are refused."
TOKEN_NEEDED = "This server needs its token. Open the link that jaxtex ui printed when it started."
NOT_FOUND = "There is no such run."
WORKER_LOST = (
    "the process that computes ended by itself, perhaps for want of memory; a smaller size may do"
)
TOO_LARGE = "{name}: the file is larger than {most}"
CUT_SHORT = "{name}: the upload was cut short; try again"
TOO_MANY_STYLES = "{name}: there are {most} styles already; take one away first"

# The start.
OPEN = "jaxtex ui: {link}"
KEPT = "Runs are kept in {folder}"
NEEDS_NICEGUI = "ui: needs NiceGUI; install jaxtex[ui]"
HOST_NEEDS_TOKEN = (
    "--host: {host!r} can be reached by others; give --token too, a word of 16 letters or more, "
    "or 'new' for one that is made up"
)
TOKEN_SHORT = (
    "--token: has {count} letters; 16 or more are needed, or 'new' for one that is made up"
)
PORT_TAKEN = "--port: {port} cannot be listened on ({reason})"
