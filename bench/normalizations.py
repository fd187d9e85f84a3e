"""Which normalisation comes nearest to what Network of Steel (S1) reports of its layers?

S1 says: conv5_3 contributes little, conv3_3 learns most aggressively, conv1_2 keeps the background
clean, and the content still matters. Each normalisation runs Adam on the paper's layers (tables
2-4: one deep layer at 2000, conv1_2 at 0 and at 2000). The table gives for each of them how far the
style loss fell, how far pixels moved, how much of the movement is in the background, and the
content term's share of the total loss at the end.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from jaxtex import images
from jaxtex.style import PRESETS, load_network, make_job, run_jobs
from jaxtex.style.canvas import ink_mask

EXAMPLES = Path(__file__).parents[1] / "examples"
DEEP = ("conv5_3", "conv4_3", "conv3_3")


def main() -> None:
    """Prints one row for each normalisation, coarse coefficient and deep layer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--content", default="northgate")
    parser.add_argument("--style", default="ironwyrm")
    parser.add_argument("--pictures", type=Path, help="folder for the results")
    arguments = parser.parse_args()
    content = images.load_image(EXAMPLES / "content" / f"{arguments.content}.png")
    style = images.load_image(EXAMPLES / "style" / f"{arguments.style}.png")
    network = load_network()
    print(
        "| normalisation | features | conv1_2 | deep layer | style, last / first | pixels moved, "
        "grey levels | of it in the background | content's share of the loss |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for normalization in ("paper", "gatys", "reference"):
        features = "relu" if normalization == "reference" else "conv"
        for deep in DEEP:
            for coarse in (0, 2000):
                settings = PRESETS["network-of-steel"].with_options(
                    layers={"conv1_2": coarse, deep: 2000},
                    normalization=normalization,
                    features=features,
                    steps=arguments.steps,
                    size=arguments.size,
                )
                job = make_job(settings, content.rgb, [style.rgb])
                (outcome,) = run_jobs([job], network=network)
                moved = np.abs(np.clip(outcome.levels, 0, 255) - job.content).mean(-1)
                ground = ~ink_mask(job.content)
                history = outcome.history
                share = history.content[-1] / history.total[-1]
                print(
                    f"| {normalization} | {features} | {coarse} | {deep} "
                    f"| {history.style[-1] / history.style[0]:.2g} | {moved.mean():.1f} "
                    f"| {moved[ground].sum() / moved.sum():.0%} | {share:.1g} |",
                    flush=True,
                )
                if arguments.pictures:
                    name = f"{normalization}-{deep}-{coarse}.png"
                    images.save_image(arguments.pictures / name, job.picture(outcome.levels))


if __name__ == "__main__":
    sys.exit(main())
