"""`jaxtex texture cluster`."""

from typing import Any

import click

from jaxtex.cli import print_json
from jaxtex.cli._options import FILE, json_option
from jaxtex.cli._terminal import at_once
from jaxtex.cli.texture._options import set_options
from jaxtex.jobs.requests.texture import ClusterRequest


@click.command(context_settings={"show_default": True})
@set_options
@click.option("-k", "--clusters", "k", type=int, default=8, help="Into how many groups.")
@click.option("--seed", type=int, default=0, help="Of the starts of k-means.")
@click.option("-o", "--output", type=FILE, required=True, help="Folder for tables and sheets.")
@click.option("--overwrite", is_flag=True, help="Write into a folder that holds files.")
@json_option
def cluster(**options: Any) -> None:
    """Group textures by their SSIM vectors.

    The folder gets clusters.csv and clusters.json, sheet.png with the representative of each
    cluster over its number and size, and cluster-01.png and so on with the members, the most
    typical first (at most 400). More references make better clusters and take longer.

    \b
    Examples:
      jaxtex texture cluster papers -k 8 -o clusters
      jaxtex texture cluster papers -k 12 --references papers/washi-00001.png --size 64 -o clusters
    """
    request = ClusterRequest(options)
    request.check()
    with at_once() as front:
        done = request.run(front)
    if options["as_json"]:
        print_json(request.report(done))
        return
    n, k = len(done.clusters.labels), len(done.clusters.representatives)
    fewer = f" (no more than {k} differ)" if k < options["k"] else ""
    click.echo(
        f"{options['output']}: {n} textures in {k} clusters{fewer} in {done.seconds:.1f} s; "
        f"MSSIM of two {done.likeness.overall:.3f}, of two of a cluster {done.likeness.within:.3f}",
        err=True,
    )
