"""The rules that hold for a plan: those of a file, else those that the plan in the region was made with."""

from __future__ import annotations

from gridtwin.commands.spec import Options
from gridtwin.grids.rule_text import parse_rules
from gridtwin.grids.rules import Rules
from gridtwin.load.rules import read_rules
from gridtwin.region import Region, current_plan


def rules_in_force(region: Region, options: Options, *, special: bool = True) -> Rules:
    """Return the rules of ``--rules``, else those of the plan that the region holds, checked against the region.

    Parameters
    ----------
    region
        The region.
    options
        Options of the command; ``rules`` is the path of a file, if there.
    special
        Whether the command makes special-purpose grids; their rules are not checked otherwise.
    """
    path = options.get("rules")
    content = read_rules(path, crs=region.crs) if path else current_plan(region)[0].get("rules", {})
    return parse_rules(content, region.layers, special=special)
