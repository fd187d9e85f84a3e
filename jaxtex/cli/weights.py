"""`jaxtex weights`: convert, verify and describe model weights."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option

_FILE = click.argument("file", required=False, type=FILE)


@click.group(no_args_is_help=True)
def weights() -> None:
    """Convert, verify and describe model weights.

    \b
    Example:
      jaxtex weights verify
    """


@weights.command()
@click.argument("source", type=FILE)
@click.argument("destination", type=FILE)
@click.option(
    "--layout",
    type=click.Choice(["oihw", "hwio"]),
    help="Axes of the source's kernels.  [default: seen from their shapes]",
)
@click.option(
    "--channels",
    type=click.Choice(["rgb", "bgr"]),
    help="Channel order the source expects.  [default: seen from values and names]",
)
@click.option(
    "--input-range",
    type=click.Choice(["caffe", "torchvision"]),
    help="caffe: 0..255 minus the mean; torchvision: 0..1, mean and standard deviation "
    "normalised.  [default: seen from values and names]",
)
@click.option("--overwrite", is_flag=True, help="Replace DESTINATION.")
@json_option
def convert(
    source: Path, destination: Path, overwrite: bool, as_json: bool, **conventions: Any
) -> None:
    """Convert the network in SOURCE to the .safetensors file DESTINATION.

    A VGG16 is .pth, .pt, .h5, .onnx, .npz or .safetensors; an MSG-Net is the .model file of its
    authors' code. PyTorch, Keras and ONNX files need pip install 'jaxtex[convert]'.

    \b
    Examples:
      jaxtex weights convert vgg16-397923af.pth my-vgg16.safetensors
      jaxtex weights convert 21styles.model my-msgnet.safetensors
    """
    from jaxtex.weights.convert import convert as run

    report = run(source, destination, overwrite=overwrite, **conventions)
    if as_json:
        print_json(report)
        return
    if report["architecture"] == "msgnet":
        click.echo(f"{destination}: MSG-Net of {report['features']} features")
        return
    kind = "the original Oxford weights" if report["original_oxford_weights"] else "other weights"
    click.echo(
        f"{destination}: {kind}; source {report['layout']}, {report['channels']}, "
        f"{report['input_range']} input (by {report['recognised_by']})"
    )


@weights.command()
@_FILE
@json_option
def verify(file: Path | None, as_json: bool) -> None:
    """Check FILE, or the shipped VGG16, against recorded digests and published values.

    Exits 1 when a check fails; weights other than the original ones fail the published values.

    \b
    Example:
      jaxtex weights verify my-vgg16.safetensors
    """
    from jaxtex.weights import verify as run
    from jaxtex.weights import vgg16_path

    checks = run(file)
    ok = all(check.ok for check in checks)
    if as_json:
        path = str(file or vgg16_path())
        print_json({"file": path, "ok": ok, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            click.echo(f"{'ok    ' if check.ok else 'FAILED'}  {check.name:15} {check.detail}")
    if not ok:
        raise SystemExit(1)


@weights.command()
@_FILE
@json_option
def info(file: Path | None, as_json: bool) -> None:
    """Describe FILE, or the shipped VGG16: layers, shapes, source, licence, digest.

    \b
    Example:
      jaxtex weights info --json
    """
    from jaxtex.weights import describe

    found = describe(file)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['file']}: {found['parameters']:,} parameters, {found['bytes']:,} bytes")
    click.echo(f"SHA-256 {found['sha256']}")
    for key, value in found["metadata"].items():
        click.echo(f"{key}: {value}")
    for tensor in found["tensors"]:
        shape = "×".join(map(str, tensor["shape"]))
        click.echo(f"  {tensor['name']:16} {shape:14} {tensor['dtype']}")
