import json
import random
import signal
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from logos import CONTENT, INVERTED, SHALLOW, STYLE, options

from jaxtex import images

TINY = {**SHALLOW, "size": 64, "steps": 4, "finish_steps": 0, "scales": 1, "canvas": "grey",
        "margin": 4}  # fmt: skip
DEFAULTS = {"layer": SHALLOW["layers"], **{k: v for k, v in TINY.items() if k != "layers"}}


def write_manifest(path, rows):
    lines = [{"defaults": DEFAULTS}, *rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def rows_of(count, **more):
    return [
        {"content": str((CONTENT, INVERTED)[n % 2]), "style": str(STYLE), "output": f"{n}.png",
         "seed": n, "content_weight": 0.05 + n / 10, **more}
        for n in range(count)
    ]  # fmt: skip


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path / "jobs.jsonl", rows_of(4))


@pytest.fixture
def batch(call, tmp_path, manifest):
    """Runs `jaxtex batch` on the manifest into `out`; gives its JSON object."""

    def batch(*words, path=manifest, output="out", code=0):
        answer = call("batch", path, "-o", tmp_path / output, "--no-score", "--json", *words)
        assert answer.code == code, answer.err
        batch.err = answer.err
        return json.loads(answer.out) if answer.out else None

    return batch


def results(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


def pictures(folder):
    return {path.name: images.load_image(path).rgb for path in sorted(folder.glob("*.png"))}


def assert_same(first, second):
    assert set(first) == set(second)
    for name, picture in first.items():
        np.testing.assert_allclose(picture, second[name], atol=0.02, err_msg=name)


def test_a_manifest_gives_images_lines_and_a_summary(batch, call, tmp_path):
    found = batch()
    out = tmp_path / "out"
    assert (found["jobs"], found["run"], found["done"], found["failed"]) == (4, 4, 4, 0)
    assert found["summary"] == str(out / "summary.html")
    assert batch.err == ""
    lines = results(out)
    assert sorted(line["output"] for line in lines) == [f"{n}.png" for n in range(4)]
    assert all(line["status"] == "done" and line["seconds"] > 0 for line in lines)
    assert {path.name for path in out.iterdir()} == {
        *(f"{n}.png" for n in range(4)), "results.jsonl", "summary.html", ".lock",
    }  # fmt: skip
    for number, row in enumerate(rows_of(4)):
        alone = tmp_path / f"alone-{number}.png"
        settings = {**TINY, "seed": number, "content_weight": row["content_weight"]}
        answer = call("stylize", row["content"], STYLE, "-o", alone, *options(**settings))
        assert answer.code == 0, answer.err
        ours = images.read_metadata(out / f"{number}.png")
        assert ours == images.read_metadata(alone)
        np.testing.assert_allclose(
            images.load_image(out / f"{number}.png").rgb, images.load_image(alone).rgb, atol=0.02
        )


def test_resume_does_exactly_what_is_missing(batch, tmp_path, manifest):
    batch()
    out = tmp_path / "out"
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert batch(code=2) is None
    assert "holds the results of a batch; --resume goes on with it" in batch.err
    (out / "2.png").unlink()
    write_manifest(manifest, rows_of(5))
    found = batch("--resume")
    assert (found["jobs"], found["run"], found["done"]) == (5, 2, 2)
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert {name for name in after if after[name] != before.get(name)} == {"2.png", "4.png"}
    assert batch("--resume")["run"] == 0
    assert len(results(out)) == 5


def test_changed_rows_are_refused_and_run_again_with_overwrite(batch, tmp_path, manifest):
    batch()
    write_manifest(manifest, [{**row, "steps": 5} for row in rows_of(4)[:1]] + rows_of(4)[1:])
    assert batch("--resume", code=2) is None
    assert "0.png: belongs to another job, which differs in steps (4 there, 5 here)" in batch.err
    assert batch("--resume", "--overwrite")["run"] == 1
    assert batch("--overwrite")["run"] == 4


def test_every_bad_row_is_listed_and_nothing_runs(batch, call, tmp_path, manifest):
    rows = rows_of(2)
    bad = [{**rows[0], "content": "none.png", "output": "x.png"}, {**rows[0], "steps": 0},
           {**rows[0], "output": "../y.png"}, {**rows[0], "colour": 3}]  # fmt: skip
    path = write_manifest(manifest, [rows[0], *bad, rows[1]])
    answer = call("batch", path, "-o", tmp_path / "out")
    assert (answer.code, answer.out) == (2, "")
    head, *told = answer.err.splitlines()
    assert head == (
        f"jaxtex: {path}: 4 of 6 rows cannot be run; none was (--skip-bad runs the rest)"
    )
    assert [line.split(":")[0] for line in told] == [f"  line {n}" for n in (3, 4, 5, 6)]
    for line, part in zip(told, ["none.png: no such file", "steps: 0 is not a whole number",
                                 "leads out of the output folder", "column 'colour' is unknown"],
                          strict=True):  # fmt: skip
        assert part in line
    assert not (tmp_path / "out").exists()

    found = batch("--skip-bad")
    assert (found["jobs"], found["done"]) == (2, 2)
    assert [each["line"] for each in found["skipped"]] == [3, 4, 5, 6]
    assert batch.err.splitlines()[0].startswith("skipped line 3: ")
    write_manifest(manifest, bad)
    assert batch("--skip-bad", output="none", code=2) is None
    assert "4 of 4 rows cannot be run" in batch.err


def test_a_failed_job_is_recorded_the_rest_goes_on_and_the_code_is_1(batch, tmp_path, manifest):
    images.save_image(tmp_path / "plain.png", np.full((40, 64, 3), 0.5))
    (tmp_path / "cut.png").write_bytes(CONTENT.read_bytes()[:3000])
    rows = rows_of(4)
    rows[1]["content"], rows[2]["content"] = "plain.png", "cut.png"
    write_manifest(manifest, rows)
    found = batch(code=1)
    assert (found["done"], found["failed"]) == (2, 2)
    assert "2 of 4 jobs failed; results.jsonl in" in batch.err
    lines = {line["output"]: line for line in results(tmp_path / "out")}
    assert "plain.png: the image has a single colour" in lines["1.png"]["error"]
    assert "cut.png: the image is damaged or cut short" in lines["2.png"]["error"]
    assert lines["0.png"]["status"] == lines["3.png"]["status"] == "done"
    page = (tmp_path / "out" / "summary.html").read_text()
    assert "2 failed" in page
    assert "single colour" in page
    # An image that is repaired is another input: its job is run.
    (tmp_path / "cut.png").write_bytes(CONTENT.read_bytes())
    found = batch("--resume", code=1)
    assert (found["run"], found["done"], found["failed"]) == (2, 1, 1)
    assert len(results(tmp_path / "out")) == 4


def test_two_folders_give_every_pair(call, tmp_path):
    for folder, given in (("logos", {"a": CONTENT, "b": INVERTED}), ("bands", {"x": STYLE})):
        (tmp_path / folder).mkdir()
        for name, path in given.items():
            (tmp_path / folder / f"{name}.png").write_bytes(path.read_bytes())
    images.save_image(tmp_path / "bands" / "y.png", images.load_image(STYLE).rgb[::-1])
    words = [
        f"--set={word.removeprefix('--')}" for word in options(**TINY) if "layer=conv" not in word
    ]
    answer = call("batch", "-o", tmp_path / "out", "--contents", tmp_path / "logos", "--styles",
                  tmp_path / "bands", *words, "--set", "layer=conv1_1=1;conv1_2=1", "--no-score",
                  "--json")  # fmt: skip
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["done"] == 4
    assert sorted(pictures(tmp_path / "out")) == ["a-x.png", "a-y.png", "b-x.png", "b-y.png"]


def test_shares_together_are_the_whole(batch, tmp_path):
    assert batch("--shard", "0/3")["summary"] is None
    assert batch("--shard", "2/3")["jobs"] == 2
    assert batch("--resume")["run"] == 1
    assert batch("--resume")["run"] == 0
    assert sorted(line["output"] for line in results(tmp_path / "out")) == [
        f"{n}.png" for n in range(4)
    ]


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_the_summary_shows_thumbnails_and_metrics(call, tmp_path):
    rows = [{**row, "output": f"{n} & <b>.png"} for n, row in enumerate(rows_of(2))]
    rows[1]["composition"] = "band"
    path = write_manifest(tmp_path / "jobs.jsonl", rows)
    out = tmp_path / "out"
    answer = call("batch", path, "-o", out)
    assert answer.code == 0, answer.err
    assert "2 jobs, 2 of them run, 0 failed" in answer.err
    assert "device busy" in answer.err
    page = _Page((out / "summary.html").read_text())
    shown = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [each["alt"] for each in shown] == [row["output"] for row in rows]
    assert all(each["src"].startswith("data:image/webp;base64,") for each in shown)
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links == ["results.jsonl", "0%20%26%20%3Cb%3E.png", "1%20%26%20%3Cb%3E.png"]
    assert "2 of 2 jobs done" in page.text
    for row in rows:
        score = call("score", out / row["output"], "--content", row["content"], "--style", STYLE,
                     "--json", "--no-ocr")  # fmt: skip
        figures = json.loads(score.out)
        assert (
            f"readability {figures['readability']:.2f}, artefacts {figures['artefacts']:.3f}, "
            f"style {figures['style']:.2f}" in page.text
        )


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["name what to run: a manifest, or --contents DIR and --styles DIR"]),
        (["{manifest}", "--contents", "."], ["name what to run"]),
        (["{manifest}", "--contents", ".", "--styles", "."], ["name what to run"]),
        (["--contents", "."], ["name what to run"]),
        (["--contents", "none", "--styles", "."], ["none: no such file or folder"]),
        (["none.csv"], ["none.csv: cannot be read (No such file"]),
        (["jobs.txt"], ["jobs.txt: a manifest is named .csv, .jsonl, .toml"]),
        (["{manifest}", "--batch-size", "0"], ["--batch-size: '0' is not auto"]),
        (["{manifest}", "--batch-size", "many"], ["--batch-size: 'many' is not auto"]),
        (["{manifest}", "--max-memory", "0"], ["--max-memory: 0.0 is not"]),
        (["{manifest}", "--workers", "2"], ["--address and --workers: go with --engine ray"]),
        (["{manifest}", "--engine", "ray", "--workers", "0"], ["--workers: 0 is not a whole"]),
        (["{manifest}", "--engine", "ray", "--profile", "x"], ["--profile: goes with --engine"]),
        (["{manifest}", "--set", "steps"], ["--set: 'steps' must look like steps=100"]),
        (["{manifest}", "--set", "stepz=3"], ["--set: column 'stepz' is unknown"]),
        (["{manifest}", "--shard", "4/4"], ["--shard: '4/4' must look like 0/8"]),
        (["{manifest}", "--weights", "none.safetensors"], ["none.safetensors"]),
    ],
)
def test_bad_input_is_refused_in_one_sentence(refuse, tmp_path, manifest, words, parts):
    words = [word.format(manifest=manifest) for word in words]
    refuse("batch", *words, "-o", tmp_path / "out", parts=parts)


def test_without_ray_its_engine_says_what_to_install(refuse, tmp_path, manifest, monkeypatch):
    monkeypatch.setattr("jaxtex.jobs.batch.importlib.util.find_spec", lambda name: None)
    refuse("batch", manifest, "-o", tmp_path / "out", "--engine", "ray",
           parts=["--engine ray: needs Ray; install jaxtex[ray]"])  # fmt: skip


def test_a_folder_of_something_else_is_refused(refuse, tmp_path, manifest):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("Dear")
    refuse("batch", manifest, "-o", tmp_path / "out", parts=["out: holds files already"])


def wait_for_lines(process, path, count, seconds=120):
    """Waits until the results have so many lines, or the process has ended."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)


def test_killed_and_interrupted_it_goes_on_and_a_second_process_is_refused(
    batch, launch, call, tmp_path, manifest
):
    out = tmp_path / "cut"
    write_manifest(manifest, rows_of(12))
    words = ("batch", manifest, "-o", out, "--batch-size", "1", "--no-score", "--resume")
    first = launch(*words)
    wait_for_lines(first, out / "results.jsonl", 1)
    answer = call(*words)
    assert answer.code == 2
    assert answer.err == f"jaxtex: {out}: another process is at work there; wait for its end\n"
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    there = len(results(out))
    assert 1 <= there < 12

    second = launch(*words)
    wait_for_lines(second, out / "results.jsonl", there + 1)
    second.send_signal(signal.SIGINT)
    said = second.communicate(timeout=120)[1]
    if second.returncode:
        assert second.returncode == 130, said
        assert "of 12 jobs are done; --resume goes on" in said
        assert "Traceback" not in said
    lines = results(out)
    assert len(lines) > there
    assert {line["output"] for line in lines} == {path.name for path in out.glob("*.png")}

    last = batch("--resume", output="cut")
    assert last["run"] == 12 - len(lines)
    assert sorted(line["output"] for line in results(out)) == sorted(f"{n}.png" for n in range(12))
    assert not list(out.glob(".jaxtex-*"))
    batch(output="whole")
    assert_same(pictures(out), pictures(tmp_path / "whole"))


@pytest.mark.slow
def test_sixty_jobs_killed_twenty_times_end_with_sixty_results(
    batch, launch, tmp_path, manifest, capsys
):
    """Kills fall at random moments: while it starts, reads, runs and writes."""
    out, chance = tmp_path / "soak", random.Random(0)
    write_manifest(manifest, rows_of(60))
    words = ("batch", manifest, "-o", out, "--batch-size", "2", "--no-score", "--resume")
    kills, taken, counts = 0, [], []
    while kills < 20:
        process = launch(*words)
        before = len(results(out)) if (out / "results.jsonl").exists() else 0
        if chance.random() < 0.8:
            # Not before its first result, so that the 20 kills are spread over the 60 jobs.
            wait_for_lines(process, out / "results.jsonl", before + 1)
            time.sleep(chance.uniform(0, 0.5))
        else:
            time.sleep(chance.uniform(0, 5))
        done = process.poll() is not None
        if not done:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate(timeout=120)
        whole = [line for line in (out / "results.jsonl").read_bytes().split(b"\n")[:-1] if line] \
            if (out / "results.jsonl").exists() else []  # fmt: skip
        counts.append(len(whole))
        for line in whole:
            record = json.loads(line)
            assert record["status"] == "done"
            path = out / record["output"]
            if path not in taken or path.exists():
                images.load_image(path)
        if done:
            # One result is taken away, so that there is work to be killed at.
            taken.append(sorted(out.glob("*.png"))[0])
            taken[-1].unlink()
    last = batch("--resume", output="soak")
    with capsys.disabled():
        print(f"{kills} kills, {len(taken)} runs to the end, lines {counts}, last {last}")
    lines = results(out)
    assert len(lines) == 60
    assert {line["output"] for line in lines} == {f"{n}.png" for n in range(60)}
    assert len(list(out.glob("*.png"))) == 60
    assert not list(out.glob(".jaxtex-*"))
    batch(output="whole")
    assert_same(pictures(out), pictures(tmp_path / "whole"))
