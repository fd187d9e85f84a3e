"""All words of the search for textures, in English, so that they can be translated in one place."""

# The overview.
INTRO = (
    "A network has learned a kind of texture, and holds endless more of it. Pick what suits, step, "
    "and pick again: each round comes closer. Nothing has to be described."
)
NEW_SEARCH = "New search"
NAME = "Name"
NAME_HINT = "paper for the cover"
NO_NAME = "search"
MODEL = "Kind of texture"
BEGIN = "Begin"
MORE = "More"
SEED, COUNT, CLUSTERS = "Seed", "Textures a round", "Groups"
SEARCHES = "Searches"
NO_SEARCHES = "No search yet. Begin one: the first round is there in a second or two."
ROUNDS = {1: "1 round"}
MANY_ROUNDS = "{count} rounds"
PICKED_SO_FAR = {0: "nothing picked", 1: "1 picked"}
MANY_PICKED = "{count} picked"
DAMAGED = "cannot be read"
NAME_EMPTY = "a name needs a letter from a to z or a digit"
NAME_TAKEN = "{name}: another search has this name"
OPEN_SEARCH = "Go on with {name}"

# A search.
NO_SEARCH = "There is no such search."
ALL_SEARCHES = "All searches"
ROUND = "Round {iteration}"
LIKENESS = "two textures of it are alike by {likeness:.2f} in the mean (MSSIM)"
STEP, DRAW_AGAIN, NONE, UNDO = "Step", "Draw again", "None of these", "Undo"
STEP_HINT = "The next round, from what you picked (Ctrl+Enter)"
NONE_HINT = "The next round from further afield (0)"
UNDO_HINT = "Take the last pick, step or way back away again (Ctrl+Z)"
PICKED = "Picked"
PICK_SOME = "Pick what suits, one or several, then step."
UNPICK = "Take {label} out of the picks"
NEXT_ROUND = "How near the next round is"
USUAL = "As usual"
FURTHER, CLOSER = "further", "closer"
MSSIM = "MSSIM {value:.2f}"
WORDS = ("much further", "further", "as usual", "closer", "much closer")
CENTER = "on all sides of the picks"
CENTER_HINT = "Search round the picks themselves, not only in their direction"
KEYS = (
    "Keys: a letter picks a group's blue one, the full stop the far one; arrows move, Space picks, "
    "Enter shows it large; Ctrl+Enter steps, 0 is none of these, Ctrl+Z undoes."
)
KEYS_TITLE = "Keys"
COMPARING = "Comparing these; they are put into groups in a moment"
BEGINNING = "The first round is being drawn"
MOVING = {
    "new": "beginning",
    "step": "stepping",
    "none": "looking further afield",
    "undo": "undoing",
    "back": "going back",
}

# The wall.
GROUP = "Group {letter}"
GROUP_OF = "Group {letter}, {count} textures"
FAR = "The far one"
FAR_SAYS = "as unlike the others as can be"
UNFOLD, FOLD = "{count} more", "Fewer"
UNFOLD_GROUP = "Show {count} more textures of group {letter}"
CELL = "{label}"
CELL_TYPICAL = "{label}, the most typical of its group"
CELL_FAR = "{label}, the far one"

# Large.
LARGE = "Large, and tiled"
LENS_HINT = "Point at a texture to see it large, and as a surface."
TILED = "{label} tiled three by three"
SHOWN_LARGE = "{label}, large"
PICK, NO_PICK = "Pick", "Do not pick"
KEEP = "Keep in the tray"
KEPT = "{label} is in the tray."
SAVE_PNG = "Save as PNG"
BEGIN_FROM = "Begin a search from it"
CLOSE = "Close"

# The trail.
TRAIL = "Rounds so far"
HERE = "here"
FROM_ROUND = {
    "step": "from {parent}",
    "none": "none of {parent}",
}
SHOW_ROUND = "Show round {iteration}"
EARLIER = "This is round {iteration}, as it was left. The search stands at round {now}."
GO_ON_HERE = "Go on from here"
GO_NOW = "Show round {now}"
COMPARE = "Compare with"
COMPARE_NONE = "no other"

ROUNDS_PART = "Rounds"
PARTS = "Parts of this page"
PART_HAS = "{part} ({count})"

# The tray.
TRAY = "Tray"
TRAY_EMPTY = "What you keep lies here: drag textures in, or show one large and keep it."
TRAY_HINT = "Drag one onto another to see what lies between them; or choose two."
DROP_IMAGE = "Drop an image of your own here, paste one, or"
DROP_SAYS = "The nearest texture to it is looked for."
LOOKING = "{name}: looking for the nearest texture"
NEAREST = "from {name}, {words} (MSSIM {value:.2f})"
NEARNESS = ("far from it", "loosely like it", "rather near", "very near")
EXACT = "from {name}, which carries its own latent"
CHOOSE = "Choose {id}"
BETWEEN_TWO = "What lies between"
TAKE_OUT = "Take out"
SAVE = "Save"
CHOSEN = {0: "Choose one or two.", 1: "1 chosen", 2: "2 chosen"}
MANY_CHOSEN = "{count} chosen"

# Strips.
STRIPS = "Between two"
BETWEEN = "From {first} to {second}"
HOW_MANY = "Textures between"
EVEN = "Even steps of likeness"
EVENS = {"first": "to the first", "neighbours": "to the one before"}
WAITS = "waits for the device"
FINDING = "looking for them"
INSIDE = "{inside} of {count} are where they belong; the largest step is {step:.2f} of an even one."
SOME_OUTSIDE = "The likeness jumps somewhere on the way, which no step can even out."
PLOT = "Likeness along the way"
PLOT_SAYS = (
    "Plot: above, the likeness to the first texture along the way and where the textures lie; "
    "below, the interval of each and what was reached"
)
NO_PLOT = "The plot needs matplotlib; install jaxtex[plots]."
SAVE_STRIP = "Save all"
TAKE_AWAY = "Take away"
STRIP_ABOUT = "textures from {first} to {second}"
END_OF = "the end {id}"
STRIP_TEXTURE = "texture {number} of {count} between"

# Larger pieces.
PIECES = "Larger"
MAKE_LARGER = "Make larger"
PIECE = "A larger piece of {name}"
PIECE_SIZE = "Pixels a side"
SEAMLESS = "Repeats"
SEAMLESS_WAYS = {"both": "both ways", "x": "across", "y": "down", "none": "not at all"}
PIECE_ABOUT = "a larger piece of {name}"
PIECE_WAITS = "waits, {place} before it"
PIECE_WAITS_NEXT = "waits; it is next"
GROWING = "growing it"
STOP, GO_ON = "Stop", "Go on"
PIECE_SHOWN = "{name}, {size} pixels a side, laid 3 by 3"
PIECE_SAYS = "{size} × {size} pixels, shown here laid 3 by 3."

# Export.
EXPORT = "Export picks"
EXPORT_HINT = "All picks of this search as PNG, each with its latent"
NOT_FOUND = "There is no such texture."
