"""All words of the browser front, in English, so that they can be translated in one place."""

NAME = "jaxtex"

# The frame of every page.
STYLISE, TEXTURES, GALLERY = "Stylise", "Textures", "Gallery"
SKIP = "Skip to the content"
PAGES = "Pages"
THEME = "Light or dark"
OFFLINE_TITLE = "The server does not answer"
OFFLINE = "What you did is kept. The page goes on by itself when it is back."
WARMING = "warming up"
READY = "ready"
QUEUE = "Queue"
QUEUE_EMPTY = "Nothing is at work."
AT_WORK = "at work"
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

# Of runs.
DIVERGED = "the loss became non-finite; this is the last good picture"
NO_PATHS = "only a flat logo's ink has outlines (and paths need jaxtex[svg])"

# The images of a run.
CONTENT, STYLES = "Logo", "Style"
CONTENT_HINT = "Drop a logo here, paste one, or"
STYLE_HINT = "Drop lettering or a texture here, or"
CHOOSE = "choose a file"
FORMATS = "PNG, JPEG, WebP, TIFF, BMP, GIF or SVG"
EXAMPLE_CONTENTS, EXAMPLE_STYLES = "Example logos", "Example styles"
USE_EXAMPLE = "Use the example {name}"
TAKE_AWAY = "Take {name} away"
MORE_STYLES = "Add another style"
TAKEN_FOR = "Taken for {said}"
SHOWS_INK = "What of {name} was taken for lettering, in white"
SHOWS_IMAGE = "The image {name}"
WRONG = "Not right?"
KIND = "What it is"
KINDS = {
    "auto": "found out", "plain": "lettering on a plain ground",
    "busy": "lettering on a busy ground", "texture": "a texture",
}  # fmt: skip
PAINT = "Paint the mask"
PAINT_TITLE = "White is lettering"
PAINT_HINT = "Paint over what is lettering; erase what is not. Lines are as wide as the brush."
PAINT_KEYS = (
    "Keys: arrows move the brush, Space or Enter paints a dot, Shift with an arrow paints a line, "
    "[ and ] make the brush smaller and larger."
)
PAINT_AT = "{x} % across, {y} % down, brush {size}: {what}"
PAINT_WHITE, PAINT_BLACK = "lettering", "no lettering"
BRUSH, ADD, ERASE, CLEAR_MASK, USE_MASK = "Brush", "Add", "Erase", "Clear", "Use this mask"
MASK_FORGET = "Forget the mask"
MASK_BY_HAND = "A mask by hand says what is lettering."
CANCEL = "Cancel"
UPLOADING = "Reading {name} …"
UPLOAD_FAILED = "{name}: the upload did not arrive; try again"

BEGUN = "{name}: this run was begun; start from it to change its images"
FURTHER = "A mask, a picture to start from"
FURTHER_IMAGES = {
    "mask": "Where the logo may change, in white", "init": "What the run starts from",
}  # fmt: skip
FURTHER_HINT = "Drop it here, or"

# Strengths and presets at a glance.
STRENGTHS = "How far may the style go?"
STRENGTH_WORDS = ("keeps the letters", "a little", "in between", "a lot", "lets go of them")
STRIP_WAIT = "Two images, and five strengths appear here."
STRIP_MAKING = "Small previews, getting better: step {step} of {steps}"
STRIP_BEGINS = "Small previews are being made …"
STRIP_QUEUED = "Small previews come next: place {place} in the queue."
STRIP_DONE = "Previews of few pixels and steps. Take the one you like; the run makes it large."
PREVIEW_OF = "Preview at strength {strength}"
PRESETS_SHOW = "Compare presets"
PRESET_PREVIEW = "Preview of the preset {name}"

# Options.
OPTIONS = "Options"
GROUP_COUNT = "{count} set"
PRESETS_OWN = "the preset's"

# A run.
RUN = "Stylise"
RUN_HINT = "Needs a logo and a style"
WAITING_AT = "Waits for the device: place {place}."
STARTING = "Making ready: reading, compiling …"
STEP_OF = "Step {step} of {steps}"
LEFT = "{left} left"
STOP = "Stop, keep the best so far"
STOPPING = "Stopping after this step …"
GO_ON = "Go on"
GO_ON_FROM = "Stopped at step {step} of {steps}. The best so far is kept."
BROKEN_OFF = "The server ended while this ran. Nothing is lost: it goes on from its checkpoint."
DONE_IN = "{width}×{height} pixels, {steps} steps in {seconds:.0f} s"
BROKEN_OFF_EARLY = "The server ended before this had come far. It can be run again."
LEAVE_QUEUE = "Leave the queue"
START_FROM = "Start from this one"
RESULT = "Result"
COMPARE = "Before and after"
BEFORE, AFTER = "before", "after"
GROUND = "Ground"
GROUNDS = {"own": "as it is", "checker": "chequered", "light": "light", "dark": "dark"}
ZOOM = "Zoom"
ZOOMS = {"1": "fit", "2": "2×", "4": "4×", "8": "8×"}
NO_GROUND = "Its ground cannot be taken out: {said}"

# Gauges.
GAUGES = "How it came out"
MEASURING = "Measuring …"
MEASURED_FIRST = "Style is measured against the first of the styles."
READABILITY, ARTEFACTS, STYLE = "Readability", "Artefacts", "Style"
READABILITY_WORDS = ((0.9, "reads as the logo does"), (0.75, "reads well"), (0.5, "takes a look"),
                     (0.0, "hard to read"))  # fmt: skip
ARTEFACTS_WORDS = ((0.05, "much of the ground is spoiled"), (0.02, "some haze or specks"),
                   (0.005, "nearly clean"), (0.0, "clean"))  # fmt: skip
STYLE_WORDS = ((0.6, "much of the style"), (0.35, "plainly the style"), (0.15, "a touch of it"),
               (0.0, "hardly any"))  # fmt: skip

# Downloads and the command.
DOWNLOADS = "Download"
PNG, TRANSPARENT, SVG, GIF, MP4 = "PNG", "Transparent PNG", "SVG", "GIF", "MP4"
MAKING_FILM = "Making the film …"
AS_COMMAND = "As a command"
COMMAND_HINT = "In the folder of the two images this makes the same bytes:"
PRESET_HINT = "The same as a preset file, for --preset preset.toml:"
COPY, COPIED = "Copy", "Copied"

# The gallery.
SEARCH = "Search by name or option"
GALLERY_EMPTY = "What you stylise is kept here. Nothing yet."
NOTHING_FOUND = "Nothing here has “{words}”."
BEGIN = "Stylise a logo"
REMOVE, REMOVE_SURE = "Remove {name}", "Remove for good"
RENAME, NEW_NAME, SAVE_NAME = "Give {name} another name", "New name", "Save"
STATES = {
    "draft": "not run yet", "waiting": "waiting", "working": "at work", "done": "done",
    "stopped": "stopped", "failed": "failed", "interrupted": "can go on",
}  # fmt: skip
OPEN_RUN = "Open {content} in the style of {styles}"
MORE = "Show more"
