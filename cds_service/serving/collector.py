"""The garbage collector of a service whose content stays: it never looks at it again."""

import gc

from cds_service.serving.allocator import give_back

_YOUNG, _MIDDLE, _OLD = 50_000, 20, 100
"""Objects after which the young are looked at, and how often that before the older ones are.

A call makes hardly any cycles, and collecting while a request is read doubles its time: the tail of
ordinary Python services (some 50 ms) is the collector looking through everything.
"""


def pause() -> None:
    """Collect nothing until `settle`: a start only makes what stays, and looks at it for nothing.

    What is there already is never looked at again.
    """
    gc.disable()
    gc.freeze()


def settle() -> None:
    """Free what is not needed and leave all that is there alone from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()
    give_back()
