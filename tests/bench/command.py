"""The command line: what is measured, how long, and where the figures go."""

import argparse

from tests.bench import stages


def main(arguments: list[str]) -> int:
    """Run what the command line asks for; return 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    profile = commands.add_parser("profile", help="where the CPU time of one request goes")
    profile.add_argument("--resources", type=int, nargs="+", default=[10], metavar="N")
    profile.add_argument("--no-hit", action="store_true", help="the order that needs no card")
    profile.add_argument("--rounds", type=int, default=0, metavar="N")
    chosen = parser.parse_args(arguments)
    for resources in chosen.resources:
        rounds = chosen.rounds or max(15, min(1000, 20_000 // resources))
        found = stages.profile(resources, hit=not chosen.no_hit, rounds=rounds)
        print(stages.shown(found, resources))
    return 0
