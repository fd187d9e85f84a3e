"""`jaxtex texture train` as a function."""

from pathlib import Path

from jaxtex.api.desk import File, Files, path_of, paths_of
from jaxtex.api.training import Trained, trained
from jaxtex.jobs import Front
from jaxtex.jobs.requests.texture import TrainRequest


def train(
    output: "File",
    *,
    images: "Files" = (),
    washi: int | None = None,
    cloth: int | None = None,
    wood: int | None = None,
    marble: int | None = None,
    model: "File | None" = None,
    size: int | None = None,
    steps: int = 20_000,
    batch_size: int = 64,
    features: int | None = None,
    discriminator_features: int | None = None,
    latent_size: int | None = None,
    grain: int | None = None,
    refine_after: int | None = None,
    learning_rate: float | int = 2e-4,
    decay_after: int | None = None,
    augment: bool | None = None,
    spectral: bool = False,
    seed: int = 0,
    sample_every: int = 500,
    keep_models: bool = False,
    checkpoint_every: float | int = 60.0,
    resume: bool = False,
    device: str | None = None,
    overwrite: bool = False,
    front: Front | None = None,
) -> Trained:
    """Trains a DCGAN (Radford et al. 2016) on images or on rendered textures.

    Args:
      output: the folder for model and samples.
      images: a folder of images, or one image, or several.
      washi: trains on so many rendered papers instead …
      cloth: … or pieces of cloth …
      wood: … or of wood …
      marble: … or of marble.
      model: goes on from a model: a name, file or folder.
      size: pixels a side, 64 or 128; by default 64, or the model's.
      steps: in all, those before a resume too.
      batch_size: textures a step.
      features: channels of the largest maps; by default 64, or the model's.
      discriminator_features: channels of the discriminator's largest maps; by default `features`.
      latent_size: dimensions of the latent space; by default 100, or the model's.
      grain: fields of noise for each map of the generator; by default 0, or the model's.
      refine_after: from this step on refines textures by what VGG16 sees of them.
      learning_rate: of Adam.
      decay_after: from this step on the learning rate falls, to 0 at `steps`.
      augment: shows the discriminator changed colours and places; by default with `images`.
      spectral: spectral instead of batch normalisation there.
      seed: of all that is drawn at random.
      sample_every: steps between two sheets of samples.
      keep_models: keeps the model of each sheet.
      checkpoint_every: seconds between two checkpoints.
      resume: goes on from the checkpoint, if there is one.
      device: `cpu`, `gpu` or `tpu`; by default the best there is.
      overwrite: trains anew in a folder that was used before.
      front: where words and progress go, and whom to ask whether to stop.

    Raises:
      JaxtexError: an option, an image, the folder or its checkpoint cannot be used.
      RunError: a loss is no longer finite, or the disk is full.
    """
    request = TrainRequest(
        {
            "output": Path(output),
            "images": paths_of(images),
            "washi": washi,
            "cloth": cloth,
            "wood": wood,
            "marble": marble,
            "model": path_of(model),
            "size": size,
            "steps": steps,
            "batch_size": batch_size,
            "features": features,
            "discriminator_features": discriminator_features,
            "latent_size": latent_size,
            "grain": grain,
            "refine_after": refine_after,
            "learning_rate": learning_rate,
            "decay_after": decay_after,
            "augment": augment,
            "spectral": spectral,
            "seed": seed,
            "sample_every": sample_every,
            "keep_models": keep_models,
            "checkpoint_every": checkpoint_every,
            "resume": resume,
            "device": device,
            "overwrite": overwrite,
        }
    )
    return trained(request, front)
