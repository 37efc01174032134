"""Codes: 12 + 3 digits, in reading order, stable, never used again."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gridtwin.errors import InfeasibleError, InputError
from gridtwin.grids.codes import assign_codes, community_codes, overlap_of, reading_order
from gridtwin.schemas import empty_layer

COMMUNITY = "110108001001"


def grids_of(shapes: np.ndarray) -> gpd.GeoDataFrame:
    """Return grids of one community."""
    return gpd.GeoDataFrame({"community_id": [COMMUNITY] * len(shapes)}, geometry=shapes, crs=32650)


def squares(count: int) -> np.ndarray:
    """Return squares in a row from west to east."""
    x = np.arange(count) * 100.0
    return np.asarray(shapely.box(x, 0, x + 100, 100))


def give(
    grids: gpd.GeoDataFrame,
    ledger: pd.DataFrame | None = None,
    old: list[str | None] | None = None,
    date: str = "2026-01-01",
) -> tuple[list[str], pd.DataFrame]:
    """Return codes and ledger; ``old`` holds the former code of the homes in each grid."""
    former = pd.Series(old if old is not None else [None] * len(grids), dtype="str")
    codes, ledger = assign_codes(
        grids,
        np.array([COMMUNITY] * len(grids), dtype=object),
        ledger=empty_layer("grid_codes") if ledger is None else ledger,
        overlap=overlap_of(former, np.arange(len(former)) % len(grids), np.full(len(former), 400.0)),
        date=date,
    )
    return list(codes), ledger


def test_numbered_from_west_to_east_and_north_to_south() -> None:
    """A lattice of 3 × 2 squares is read row by row from the north-west."""
    x, y = np.meshgrid(np.arange(3) * 100.0, [100.0, 0.0])
    shapes = np.asarray(shapely.box(x.ravel(), y.ravel(), x.ravel() + 100, y.ravel() + 100))
    shuffled = np.array([4, 0, 5, 2, 1, 3])
    codes, _ = give(grids_of(shapes[shuffled]))
    assert [code[-3:] for code in codes] == [f"{k + 1:03d}" for k in shuffled]
    assert {code[:12] for code in codes} == {COMMUNITY}


def test_reading_order_forgives_ragged_rows() -> None:
    """Squares that stand a few metres higher or lower are still one row."""
    y = np.array([3.0, -4.0, 2.0, 0.0])
    x = np.array([300.0, 100.0, 0.0, 200.0])
    order = reading_order(np.asarray(shapely.box(x, y, x + 100, y + 100)), np.zeros(4, np.int64))
    assert order.tolist() == [2, 1, 3, 0]


def test_surviving_grids_keep_their_codes() -> None:
    """When a plan changes, a grid with most of its homes keeps its code; new ones get new numbers."""
    _, ledger = give(grids_of(squares(3)))
    old = [f"{COMMUNITY}002", None, f"{COMMUNITY}001"]
    codes, ledger = give(grids_of(squares(3)), ledger, old, date="2026-06-01")
    assert codes == [f"{COMMUNITY}002", f"{COMMUNITY}004", f"{COMMUNITY}001"]
    assert ledger.set_index("code")["valid_to"].to_dict()[f"{COMMUNITY}003"] == "2026-06-01"
    assert ledger.set_index("code")["valid_from"].to_dict()[f"{COMMUNITY}004"] == "2026-06-01"


def test_new_codes_know_their_parents() -> None:
    """A grid split off another names it; a grid merged from two that are gone names both."""
    _, ledger = give(grids_of(squares(1)))
    codes, ledger = give(grids_of(squares(2)), ledger, [f"{COMMUNITY}001", f"{COMMUNITY}001"], date="2026-02-01")
    assert sorted(codes) == [f"{COMMUNITY}001", f"{COMMUNITY}002"]
    assert ledger.set_index("code")["parents"].to_dict()[f"{COMMUNITY}002"] == f"{COMMUNITY}001"
    assert ledger["parents"].isna().tolist() == [True, False]


def test_codes_say_how_they_came_to_be() -> None:
    """The first plan, a part of one grid, the whole of two, and parts of two are told apart."""
    _, ledger = give(grids_of(squares(4)))
    assert ledger["origin"].tolist() == ["first"] * 4
    one, two, three, four = (f"{COMMUNITY}{number:03d}" for number in (1, 2, 3, 4))
    overlap = pd.DataFrame(
        {
            "old": [one, one, two, three, four, four],
            "new": [0, 1, 2, 2, 3, 4],
            "households": [300.0, 100.0, 200.0, 200.0, 200.0, 200.0],
        }
    )
    overlap.loc[len(overlap)] = [one, 3, 150.0]
    names = [one, None, None, None, four]
    codes, ledger = assign_codes(
        grids_of(squares(5)), np.array([COMMUNITY] * 5, dtype=object), ledger=ledger, overlap=overlap,
        date="2026-02-01", names=names,
    )  # fmt: skip
    rows = ledger.set_index("code").loc[codes]
    assert rows["origin"].tolist() == ["first", "split", "merged", "redrawn", "first"]
    assert rows["parents"].tolist()[1:4] == [one, f"{two}; {three}", f"{one}; {four}"]


def test_named_grids_keep_or_regain_their_codes() -> None:
    """A name in the ledger is the code, even if it was closed; a name that is no code of the community is not."""
    _, ledger = give(grids_of(squares(2)))
    _, ledger = give(grids_of(squares(1)), ledger, [f"{COMMUNITY}001"], date="2026-02-01")
    assert ledger["valid_to"].tolist()[1] == "2026-02-01"
    codes, ledger = assign_codes(
        grids_of(squares(3)), np.array([COMMUNITY] * 3, dtype=object), ledger=ledger,
        overlap=overlap_of(pd.Series([], dtype="str"), np.array([], np.int64), np.array([])), date="2026-03-01",
        names=[f"{COMMUNITY}002", "new-1", f"{COMMUNITY}001"],
    )  # fmt: skip
    assert list(codes) == [f"{COMMUNITY}002", f"{COMMUNITY}003", f"{COMMUNITY}001"]
    assert ledger["valid_to"].isna().all()


def test_a_retired_code_never_returns() -> None:
    """A code that was closed is not given again, even when the same place asks for it."""
    _, ledger = give(grids_of(squares(2)))
    codes, ledger = give(grids_of(squares(1)), ledger, [f"{COMMUNITY}001"], date="2026-02-01")
    assert codes == [f"{COMMUNITY}001"]
    codes, ledger = give(grids_of(squares(2)), ledger, [f"{COMMUNITY}001", f"{COMMUNITY}002"], date="2026-03-01")
    assert codes == [f"{COMMUNITY}001", f"{COMMUNITY}003"]
    assert ledger["code"].is_unique


def test_999_codes_are_all_there_are() -> None:
    """The thousandth grid of a community is refused with a clear error."""
    ledger = pd.DataFrame(
        {"code": [f"{COMMUNITY}999"], "community_id": COMMUNITY, "valid_from": "2000-01-01", "valid_to": "2001-01-01"}
    )
    with pytest.raises(InfeasibleError, match="999"):
        give(grids_of(squares(1)), ledger)


def test_community_codes() -> None:
    """Twelve digits are taken as they are; others get the lowest free numbers; doubles are refused."""
    frame = pd.DataFrame(
        {"community_id": ["110108001002", "x", "y"], "code": pd.Series([None, "110108001001", None], dtype="str")}
    )
    assert community_codes(frame).tolist() == ["110108001002", "110108001001", "000000000001"]
    double = pd.DataFrame({"community_id": ["a", "b"], "code": ["110108001001"] * 2})
    with pytest.raises(InputError, match="110108001001"):
        community_codes(double)
