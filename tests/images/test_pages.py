import base64
import io

import numpy as np
from PIL import Image

from jaxtex.images.pages import data_url, document, webp


def test_large_pictures_are_embedded_smaller():
    picture = np.random.default_rng(0).uniform(size=(300, 1200, 3)).astype(np.float32)
    data = base64.b64decode(webp(picture).split(",")[1])
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (512, 128)


def test_titles_are_text_and_bodies_are_html():
    text = document("<a> & b", "<p>c</p>")
    assert text.count("&lt;a&gt; &amp; b") == 2
    assert "<p>c</p>" in text


def test_bytes_become_a_url_of_their_type():
    kind, _, data = data_url("image/png", b"\x00\xff").partition(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == b"\x00\xff"
