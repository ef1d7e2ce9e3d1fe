"""From what lies below each listed code to one nearest listed ancestor for every descendant."""

from collections.abc import Iterable, Mapping

from cds_service.content.model import Descendant, DescendantGroup

Below = Mapping[str, Mapping[str, str]]
"""For each listed code the codes below it, each with its display."""


def nearest(
    system: str, roles: Mapping[str, str], below: Below, excluded: Iterable[str]
) -> tuple[DescendantGroup, ...]:
    """Return the descendants in `below`, each once, under its nearest listed ancestor.

    `roles` are the roles of all listed codes of `system`. A listed code below another listed code
    is the nearer one for all that both have below them. Where several are nearest, one that
    counts fully goes before one that is weak. Listed codes and `excluded` ones are left out.
    """
    unwanted = {*roles, *excluded}
    ancestors: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for parent, found in below.items():
        if roles.get(parent) == "exclude":
            continue
        for code, display in found.items():
            if code not in unwanted:
                ancestors.setdefault(code, []).append(parent)
                labels.setdefault(code, display or code)
    groups: dict[str, list[str]] = {}
    for code, parents in ancestors.items():
        near = [
            each
            for each in parents
            if not any(other != each and other in below[each] for other in parents)
        ] or parents  # a server whose hierarchy goes in circles
        chosen = min(near, key=lambda parent: roles[parent] != "include")
        groups.setdefault(chosen, []).append(code)
    return tuple(
        DescendantGroup(
            system=system,
            parent=parent,
            role="include" if roles[parent] == "include" else "weak",
            descendants=tuple(
                Descendant(code=code, label=labels[code])
                for code in sorted(groups[parent], key=lambda each: (len(each), each))
            ),
        )
        for parent in roles
        if parent in groups
    )
