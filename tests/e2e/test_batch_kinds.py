"""`jaxtex batch` on a manifest of stylisations, applications of MSG-Net and sheets of textures."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from logos import CONTENT, INVERTED, SHALLOW, STYLE, bars

from jaxtex import images, weights
from jaxtex.style.msgnet.model import shipped_path

LAYERS = ";".join(f"{name}={value}" for name, value in SHALLOW["layers"].items())
HEADER = "job,content,style,output,steps,layer,count,seed,direction,angle,labels"
ROWS = [
    f"msgnet,{CONTENT},{STYLE},m/1.png,,,,,,,",
    f"msgnet,{INVERTED},{STYLE},m/2.webp,,,,,,,",
    "texture,,,t.png,,,5,3,random,30,yes",
    f",{CONTENT},{STYLE},s.png,3,{LAYERS},,,,,",
]  # fmt: skip
DEFAULTS = [f"# content-layer = {SHALLOW['content_layer']}", "# size = 64", "# finish-steps = 0",
            "# scales = 1", "# canvas = grey", "# margin = 4"]  # fmt: skip


@pytest.fixture
def batch(call, tmp_path):
    """Runs the rows of a CSV into `out`; gives the JSON object."""

    def batch(rows, *words, code=0, defaults=DEFAULTS):
        path = tmp_path / "jobs.csv"
        path.write_text("\n".join([*defaults, HEADER, *rows]) + "\n")
        answer = call("batch", path, "-o", tmp_path / "out", "--json", *words)
        assert answer.code == code, answer.err
        batch.err = answer.err
        return json.loads(answer.out) if answer.out else None

    return batch


class _Figures(HTMLParser):
    """The captions of a page by the names of their pictures."""

    def __init__(self, text):
        super().__init__()
        self.found, self.name = {}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            assert dict(attrs)["src"].startswith("data:image/webp;base64,")
            self.name = dict(attrs)["alt"]
            self.found[self.name] = ""

    def handle_data(self, data):
        if self.name:
            self.found[self.name] += data


def test_a_mixed_manifest_gives_what_the_commands_would_and_resumes(batch, call, tmp_path):
    out = tmp_path / "out"
    found = batch(ROWS)
    assert (found["jobs"], found["done"], found["failed"]) == (4, 4, 0)

    # Two of one shape ran as a batch, which rounds otherwise than the command on one.
    apply = ("msgnet", "apply", CONTENT, STYLE, "-o", tmp_path / "1.png", "--size", 64)
    assert call(*apply).code == 0
    together = images.load_image(out / "m" / "1.png").rgb
    np.testing.assert_allclose(together, images.load_image(tmp_path / "1.png").rgb, atol=1.01 / 255)
    assert images.read_metadata(out / "m" / "1.png") == images.read_metadata(tmp_path / "1.png")
    words = ("-n", 5, "--seed", 3, "--direction", "random", "--angle", 30, "--labels")
    assert call("texture", "sample", *words, "-o", tmp_path / "t.png").code == 0
    assert (out / "t.png").read_bytes() == (tmp_path / "t.png").read_bytes()

    captions = _Figures((out / "summary.html").read_text()).found
    assert list(captions) == ["m/1.png", "m/2.webp", "t.png", "s.png"]
    scored = {name for name, caption in captions.items() if "readability" in caption}
    assert scored == {"m/1.png", "m/2.webp", "s.png"}

    assert batch(ROWS, "--resume")["run"] == 0
    (out / "m" / "1.png").unlink()
    (out / "t.png").unlink()
    assert batch(ROWS, "--resume", "--no-score")["run"] == 2
    # A row that runs alone runs the program of the command.
    assert (out / "m" / "1.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    changed = [ROWS[0], ROWS[1], ROWS[2].replace(",5,", ",6,"), ROWS[3]]
    assert batch(changed, "--resume", code=2) is None
    assert "t.png: belongs to another job, which differs in count (5 there, 6 here)" in batch.err
    other = [*ROWS[:3], ROWS[0].replace("m/1", "s"), ROWS[3].replace("s.png", "new.png")]
    assert batch(other, "--resume", code=2) is None
    assert "s.png: belongs to another job" in batch.err
    assert "job (None there, 'msgnet' here)" in batch.err


def test_transparency_is_kept_as_the_command_keeps_it(batch, call, tmp_path):
    picture = bars(ink=(1, 1, 1))
    images.save_image(tmp_path / "white.png", images.join(picture, 1 - bars()[..., 0]))
    rows = [f"msgnet,white.png,{STYLE},m{suffix},,,,,,," for suffix in (".png", ".jpg")]
    for row, suffix in zip(rows, (".png", ".jpg"), strict=True):
        out = tmp_path / f"alone{suffix}"
        assert call("msgnet", "apply", tmp_path / "white.png", STYLE, "-o", out).code == 0
        assert batch([row], "--no-score", "--overwrite", defaults=[])["done"] == 1
        assert (tmp_path / "out" / f"m{suffix}").read_bytes() == out.read_bytes()
    assert images.load_image(tmp_path / "alone.png").alpha is not None


def test_vgg16_is_read_where_a_job_or_a_score_needs_it_and_only_there(batch, tmp_path, monkeypatch):
    reads = []
    real = weights.load_vgg16
    monkeypatch.setattr(weights, "load_vgg16", lambda path: reads.append(path) or real(path))
    (tmp_path / "cut.safetensors").write_bytes(weights.vgg16_path().read_bytes()[:1000])
    cut = ("--weights", tmp_path / "cut.safetensors")

    size = DEFAULTS[1:2]
    # A score of an application, and a stylisation: refused before there is an output.
    for row, defaults, words in [(ROWS[0], size, ()), (ROWS[3], DEFAULTS, ("--no-score",))]:
        assert batch([row], *cut, *words, code=2, defaults=defaults) is None
        assert batch.err.startswith(f"jaxtex: {cut[1]}: is not a whole .safetensors file")
        assert batch.err.count("\n") == 1
        assert not (tmp_path / "out").exists()
    reads.clear()
    assert batch(ROWS[2:3], defaults=[])["done"] == 1
    words = (*cut, "--no-score", "--resume")
    assert batch(ROWS[:3:2], *words, defaults=size)["done"] == 1
    assert reads == []
    assert batch(ROWS, "--resume")["done"] == 2
    assert reads == [None]


def test_bad_rows_of_all_kinds_are_told_together(call, tmp_path):
    (tmp_path / "cut.safetensors").write_bytes(shipped_path().read_bytes()[:1000])
    path = tmp_path / "bad.csv"
    path.write_text(
        "job,content,style,output,count,model,steps\n"
        f"msgnet,{CONTENT},{STYLE},1.png,,cut.safetensors,\n"
        f"msgnet,{CONTENT},{STYLE},2.png,,,7\n"
        "texture,,,3.png,0,,\n"
        f"texture,{CONTENT},,4.png,,,\n"
        "sweep,,,5.png,,,\n"
        f",{CONTENT},{STYLE},6.png,,,\n"
    )
    answer = call("batch", path, "-o", tmp_path / "out")
    assert answer.code == 2
    head, *told = answer.err.splitlines()
    assert f"{path}: 5 of 6 rows cannot be run; none was" in head
    for line, part in zip(told, [
        f"line 2: {tmp_path / 'cut.safetensors'}: is not a whole .safetensors file",
        "line 3: column 'steps' does not belong to msgnet; allowed are content, style, output, "
        "model, size, style-size, job",
        "line 4: --count: 0 is not a number from 1 to 10000",
        "line 5: column 'content' does not belong to texture; allowed are output, model, count",
        "line 6: job: 'sweep' is not one of stylize, msgnet, texture",
    ], strict=True):  # fmt: skip
        assert line.strip().startswith(part)
    assert not (tmp_path / "out").exists()


def test_two_folders_and_a_job_for_all(call, tmp_path):
    for folder in ("logos", "bands"):
        (tmp_path / folder).mkdir()
        for seed in range(2):
            picture = np.random.default_rng(seed).permutation(bars(40, 64))
            images.save_image(tmp_path / folder / f"{folder}{seed}.png", picture)
    # One by one they run the program of the test above.
    words = ("--contents", tmp_path / "logos", "--styles", tmp_path / "bands", "--no-score",
             "--batch-size", 1)  # fmt: skip
    answer = call("batch", "-o", tmp_path / "out", *words, "--set", "job=msgnet", "--json")
    assert json.loads(answer.out)["done"] == 4, answer.err
    assert len(list((tmp_path / "out").glob("logos*-bands*.png"))) == 4
    told = images.read_metadata(tmp_path / "out" / "logos0-bands1.png")
    assert told["command"] == "msgnet apply"
