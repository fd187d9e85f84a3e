"""The kinds of jobs by the values of a row's column `job`."""

from collections.abc import Callable
from typing import NamedTuple

from jaxtex.jobs.kinds import extend, msgnet, stylize, texture
from jaxtex.jobs.kinds.planning import Planning
from jaxtex.jobs.kinds.work import PlannedJob, Resources, Work
from jaxtex.jobs.manifests import Row


class Kind(NamedTuple):
    """How rows of a kind become jobs, and jobs results."""

    plan: Callable[[Row, Planning], PlannedJob]
    work: Callable[[Resources], Work]


KINDS = {
    "stylize": Kind(stylize.plan, stylize.StylizeWork),
    "msgnet": Kind(msgnet.plan, msgnet.MsgnetWork),
    "texture": Kind(texture.plan, texture.TextureWork),
    "extend": Kind(extend.plan, extend.ExtendWork),
}
