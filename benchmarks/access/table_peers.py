"""Peers that work on tables of costs: floating catchment areas of access (PySAL), siting of spopt."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.access.peers import Outcome, Peer, Problem


def _access(problem: Problem, budget_s: float) -> Outcome:
    """Compute 2SFCA and E2SFCA with package access."""
    import pandas as pd
    from access import Access
    from access.weights import step_fn

    outcome = Outcome(done=1, of=1)
    demand = pd.DataFrame({"people": problem["people"]}).rename_axis("home")
    supply = pd.DataFrame({"capacity": problem["capacity"]}).rename_axis("facility")
    cost = pd.DataFrame({"home": problem["home"], "facility": problem["facility"], "cost": problem["walk_s"]})
    with outcome.step("prepare"):
        made = Access(
            demand_df=demand, demand_value="people", supply_df=supply, supply_value="capacity",
            cost_df=cost, cost_origin="home", cost_dest="facility", cost_name="cost",
        )  # fmt: skip
    limit_s = float(problem["limit_s"])
    bands = dict(zip(problem["bounds_s"].tolist(), problem["weights"].tolist(), strict=True))
    for step, call in (
        ("2sfca", lambda: made.two_stage_fca(name="plain", max_cost=limit_s)),
        ("e2sfca", lambda: made.enhanced_two_stage_fca(name="banded", max_cost=limit_s, weight_fn=step_fn(bands))),
    ):
        with outcome.step(step):
            found = call()
        outcome.found[step] = found.iloc[:, 0].reindex(demand.index).fillna(0.0).to_numpy()
    return outcome


def _spopt(problem: Problem, budget_s: float) -> Outcome:
    """Solve the maximal covering problem or the p-median with spopt, by HiGHS."""
    import pulp
    from spopt.locate import MCLP, PMedian

    outcome = Outcome(done=1, of=1)
    costs, people, count = problem["costs"], problem["people"], int(problem["count"])
    with outcome.step("build"):
        if bool(problem["median"]):
            model: Any = PMedian.from_cost_matrix(costs, people, p_facilities=count)
        else:
            model = MCLP.from_cost_matrix(costs, people, float(problem["limit"]), p_facilities=count)
    with outcome.step("solve"):
        model = model.solve(pulp.HiGHS(msg=False, timeLimit=budget_s))
    outcome.remark = f"{pulp.LpStatus[model.problem.status]}"
    outcome.cpu_s["whole"] = outcome.cpu_s["build"] + outcome.cpu_s["solve"]
    outcome.found["worth"] = np.array(pulp.value(model.problem.objective))
    return outcome


PEERS = {
    "catchments": {"access": Peer("access (PySAL)", "access", _access)},
    "siting": {"spopt": Peer("spopt, HiGHS", "spopt", _spopt)},
}
