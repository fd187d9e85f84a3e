"""Runs that are on disk as a run leaves them, without the run."""

import json

from designer import band, logo

from jaxtex.ui.runs.run import DONE, Runs


def keep(folder, *, content="mark.png", style="spikes.png", options=None, state=DONE):
    """One more of the runs of a server's folder."""
    run = Runs(folder / "runs").new()
    run.ask(content=content, styles=[style], options=options or {})
    for name in ("shown", "frames"):
        (run.folder / name).mkdir()
    files = {
        f"inputs/{content}": logo(),
        f"inputs/{style}": band(),
        "shown/before.png": logo(),
        "shown/content.png": logo(),
        "shown/style.png": band(),
        "frames/000000.png": logo(),
        "result.png": logo(),
        "transparent.png": logo(),
        "result.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "preset.toml": b'preset = "steel"\n',
    }
    for name, data in files.items():
        (run.folder / name).write_bytes(data)
    for name, role in ((content, "content"), (style, "style")):
        shown = f"shown/{role}.png"
        said = "lettering on a plain ground (#ffffff)"
        look = {"role": role, "image": shown, "ink": shown, "about": {"said": said}, "notes": []}
        run.keep_look(name, look)
    figures = {"readability": 0.93, "artefacts": 0.004, "style": 0.4}
    (run.folder / "score.json").write_text(json.dumps(figures))
    run.tell(state, step=28, steps=28, seconds=9.1, width=240, height=80, without={}, finished=1.0)
    return run
