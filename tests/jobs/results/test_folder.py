import json
import os

import pytest

from jaxtex.errors import CheckpointError, OutputError, RunError
from jaxtex.jobs.results.folder import Finished, ResultFolder

ROWS = [{"content": "c1.png", "style": "s1.png", "output": f"{n}.png", "seed": n} for n in range(3)]


@pytest.fixture
def jobs(planned):
    return planned(*ROWS)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def done(job, image=b"picture"):
    return Finished(job=job, seconds=1.5, image=image, facts={"width": 9, "loss": None})


def failed(job):
    return Finished(job=job, seconds=0.0, error="the image is bad")


def missing(out, jobs, *, share=None, resume=True, overwrite=False):
    folder = ResultFolder(out, share)
    folder.check(resume=resume, overwrite=overwrite)
    with folder.opened(jobs, resume=resume, overwrite=overwrite) as found:
        return [job.output for job in found]


def write(out, jobs, *finished, share=None):
    folder = ResultFolder(out, share)
    with folder.opened(jobs, resume=True, overwrite=False):
        for each in finished:
            folder.write(each)


def lines(out, name="results.jsonl"):
    return [json.loads(line) for line in (out / name).read_text().splitlines()]


def test_a_line_has_what_a_reader_needs(out, jobs):
    write(out, jobs, done(jobs[0]), failed(jobs[1]))
    first, second = lines(out)
    assert first["output"] == "0.png"
    assert (first["status"], first["error"], first["seconds"]) == ("done", None, 1.5)
    assert first["identity"] == jobs[0].identity()
    assert first["settings"]["steps"] == 6
    assert first["settings"]["content_sha256"] == jobs[0].digests[0]
    assert (second["status"], second["error"]) == ("failed", "the image is bad")
    assert (out / "0.png").read_bytes() == b"picture"
    assert not (out / "1.png").exists()


def test_resume_finds_exactly_what_is_missing(out, jobs):
    assert missing(out, jobs) == ["0.png", "1.png", "2.png"]
    write(out, jobs, done(jobs[0]), failed(jobs[1]))
    assert missing(out, jobs) == ["1.png", "2.png"]
    assert [line["output"] for line in lines(out)] == ["0.png"]
    write(out, jobs, done(jobs[2]), done(jobs[1]))
    assert missing(out, jobs) == []
    (out / "2.png").unlink()
    (out / "1.png").write_bytes(b"cut")
    assert missing(out, jobs) == ["1.png", "2.png"]
    assert [line["output"] for line in lines(out)] == ["0.png"]


@pytest.mark.parametrize("kept", [1, 10, 200, -1])
def test_a_torn_last_line_is_cut_off_and_its_job_is_missing(out, jobs, kept):
    write(out, jobs, done(jobs[0]), done(jobs[1]))
    whole, last = (out / "results.jsonl").read_bytes().splitlines(keepends=True)
    (out / "results.jsonl").write_bytes(whole + last[:kept])
    assert missing(out, jobs) == ["1.png", "2.png"]
    assert (out / "results.jsonl").read_bytes() == whole
    write(out, jobs, done(jobs[1]))
    assert [line["output"] for line in lines(out)] == ["0.png", "1.png"]


@pytest.mark.parametrize("line", [b"{}\n", b"x\n", b"[1]\n", b"\xff\n", b'{"output": 1}\n', b"\n"])
def test_a_line_that_is_no_result_is_refused_with_its_number(out, jobs, line):
    write(out, jobs, done(jobs[0]))
    path = out / "results.jsonl"
    path.write_bytes(path.read_bytes() + line + path.read_bytes())
    with pytest.raises(OutputError, match=r"results.jsonl: line 2 is not a result"):
        missing(out, jobs)


def test_the_last_line_of_an_output_counts(out, jobs):
    write(out, jobs, done(jobs[0]))
    text = (out / "results.jsonl").read_bytes()
    (out / "results.jsonl").write_bytes(text.replace(b'"seconds": 1.5', b'"seconds": 9') + text)
    assert missing(out, jobs) == ["1.png", "2.png"]
    assert [line["seconds"] for line in lines(out)] == [1.5]


def test_a_job_of_other_settings_is_refused_and_run_again_with_overwrite(out, jobs, planned):
    write(out, jobs, done(jobs[0]), done(jobs[1]))
    other = planned({**ROWS[0], "seed": 99}, *ROWS[1:])
    with pytest.raises(CheckpointError) as caught:
        missing(out, other)
    assert "0.png: belongs to another job, which differs in seed (0 there, 99 here)" in str(
        caught.value
    )
    assert missing(out, other, overwrite=True) == ["0.png", "2.png"]
    assert [line["output"] for line in lines(out)] == ["1.png"]


def test_a_folder_with_files_needs_a_word(out, jobs, tmp_path):
    write(out, jobs, done(jobs[0]))
    with pytest.raises(OutputError, match="holds the results of a batch; --resume goes on"):
        missing(out, jobs, resume=False)
    assert missing(out, jobs, resume=False, overwrite=True) == ["0.png", "1.png", "2.png"]
    assert not (out / "results.jsonl").exists()
    # Only the lock and an image are left.
    with pytest.raises(OutputError, match="holds files already"):
        missing(out, jobs, resume=False)
    (out / "0.png").unlink()
    assert missing(out, jobs, resume=False) == ["0.png", "1.png", "2.png"]


def test_leftovers_of_a_killed_process_are_removed(out, planned):
    jobs = planned({**ROWS[0], "output": "deep/er/0.png"})
    (out / "deep" / "er").mkdir(parents=True)
    for name in (".jaxtex-abc.png", "deep/er/.jaxtex-def.jsonl", "deep/er/kept.png"):
        (out / name).write_bytes(b"")
    missing(out, jobs)
    assert sorted(path.name for path in out.rglob("*") if path.is_file()) == [
        ".lock", "kept.png", "results.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "ours", "refused"),
    [
        (None, None, True),
        (None, (0, 2), True),
        ((0, 2), None, True),
        ((0, 2), (0, 2), True),
        ((0, 2), (1, 2), False),
    ],
)
def test_who_comes_second_to_the_same_results_is_refused(out, jobs, theirs, ours, refused):
    # A lock is of the opened file, so that one process can stand for two.
    with ResultFolder(out, theirs).opened(jobs, resume=True, overwrite=False):
        if refused:
            with pytest.raises(OutputError, match="another process is at work there"):
                missing(out, jobs, share=ours)
        else:
            assert missing(out, jobs, share=ours) != []
    assert missing(out, jobs, share=ours) != []


def test_shares_have_lines_of_their_own_that_the_whole_gathers(out, jobs):
    write(out, jobs[:1], done(jobs[0]), share=(0, 2))
    write(out, jobs[1:], done(jobs[1]), failed(jobs[2]), share=(1, 2))
    assert not (out / "results.jsonl").exists()
    assert missing(out, jobs[1:], share=(1, 2)) == ["2.png"]
    assert missing(out, jobs[:1], share=(0, 2)) == []
    # A share does not do again what the whole, or another cut into shares, has done.
    assert missing(out, jobs[:2], share=(0, 1)) == []
    assert missing(out, jobs) == ["2.png"]
    assert [line["output"] for line in lines(out)] == ["0.png", "1.png"]
    assert [path.name for path in out.glob("results*")] == ["results.jsonl"]


def test_a_full_disk_is_a_run_error_and_leaves_whole_results(out, jobs):
    from resource import RLIMIT_FSIZE, getrlimit, setrlimit

    write(out, jobs, done(jobs[0]))
    soft, hard = getrlimit(RLIMIT_FSIZE)
    size = (out / "results.jsonl").stat().st_size
    setrlimit(RLIMIT_FSIZE, (size + 100, hard))
    try:
        with pytest.raises(RunError, match=r"results.jsonl: cannot be written \("):
            write(out, jobs, done(jobs[1]))
        with pytest.raises(RunError, match=r"2.png: cannot be written \("):
            write(out, jobs, done(jobs[2], bytes(size + 200)))
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
    assert missing(out, jobs) == ["1.png", "2.png"]
    assert not list(out.glob(".jaxtex-*"))


def test_a_link_made_after_the_check_does_not_lead_out(out, planned, tmp_path):
    (job,) = planned({**ROWS[0], "output": "a/0.png"})
    folder = ResultFolder(out)
    with folder.opened([job], resume=True, overwrite=False):
        (out / "a").symlink_to(tmp_path)
        with pytest.raises(RunError, match="leads out of"):
            folder.write(done(job))
    assert not (tmp_path / "0.png").exists()


def test_a_folder_that_cannot_be_used_is_refused(out, jobs, tmp_path):
    with pytest.raises(OutputError, match="is a file; name a folder"):
        missing(tmp_path / "c1.png", jobs)
    with pytest.raises(OutputError, match="does not exist; create it first"):
        missing(out / "deeper", jobs)
    out.mkdir()
    (out / ".lock").mkdir()
    with pytest.raises(OutputError, match=r".lock: cannot be opened"):
        missing(out, jobs)
    assert os.listdir(out) == [".lock"]  # noqa: PTH208
