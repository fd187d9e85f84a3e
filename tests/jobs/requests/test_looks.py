"""What a front that watches gets to see of a run, and of images that are inspected."""

import numpy as np
import pytest
from tiny_jobs import TINY, make_images

from jaxtex import images
from jaxtex.jobs import Front
from jaxtex.jobs.requests import InspectRequest, StylizeRequest


@pytest.fixture
def options(tmp_path):
    make_images(tmp_path)
    named = {"content": tmp_path / "c1.png", "style": (tmp_path / "s1.png",)}
    layers = [f"{layer}={c}" for layer, c in TINY["layer"].items()]
    return {**TINY, **named, "layer": layers, "output": tmp_path / "out.png", "steps": 12}


def run(options, front):
    request = StylizeRequest(options)
    request.check()
    request.write(request.run(front))
    return options["output"].read_bytes()


def test_a_front_sees_about_as_many_pictures_as_it_asks_for_and_changes_no_byte(options):
    seen = []
    front = Front(look=lambda step, picture: seen.append((step, picture.shape)), looks=4)
    watched = run(options, front)
    assert [step for step, _ in seen] == [0, 3, 6, 9, 12]
    assert {shape for _, shape in seen} == {images.load_image(options["output"]).rgb.shape}
    assert watched == run({**options, "overwrite": True}, Front())


def test_a_film_has_its_frames_whoever_watches(options):
    seen = []
    film = options["output"].with_suffix(".gif")
    more = {"animate": film, "animate_frames": 6, "overwrite": True}
    run({**options, **more}, Front())
    alone = film.read_bytes()
    run({**options, **more}, Front(look=lambda step, picture: seen.append(step), looks=2))
    assert film.read_bytes() == alone
    assert seen == [0, 2, 4, 6, 8, 10, 12]


@pytest.mark.parametrize("cells", [False, True])
def test_what_is_inspected_has_pictures_where_they_are_asked_for(tmp_path, cells):
    white = np.ones((64, 128, 3), np.float32)
    white[16:48, 16:48] = white[16:48, 80:112] = 0
    images.save_image(tmp_path / "mark.png", white)
    request = InspectRequest({"images": [tmp_path / "mark.png"], "as": "content"})
    request.check()
    (inspected,) = request.run(Front(), cells=cells)
    shown = inspected.taken["content"].cells
    assert bool(shown) == cells
    if cells:
        ink, _ = shown[1]
        scale = ink.shape[0] // 64
        assert ink[32 * scale, 32 * scale].max() < 0.02
        assert ink[4, 4].min() > 0.98
