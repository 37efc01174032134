"""What must be known with figures of coverage: how people walk, what was counted, and what the drawing cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gridtwin.maps.page import Text
from gridtwin.network import Walker


def model_notes(layers: Mapping[str, pd.DataFrame], coverage: pd.DataFrame, walking: Mapping[str, Any]) -> list[Text]:
    """Return the sentences on the walking model and the data.

    Parameters
    ----------
    layers
        Layers of the region; service_areas, walks and buildings are used where present.
    coverage
        The coverage that the report tells.
    walking
        What is known of the walking: group, slope, step_free, direction, close, snap_within.
    """
    return [Text("note_counted"), *_walker_notes(coverage, walking), *_data_notes(layers, walking)]


def _walker_notes(coverage: pd.DataFrame, walking: Mapping[str, Any]) -> list[Text]:
    group = str(walking.get("group") or coverage["walker"].iloc[0])
    walker = Walker.of(group)
    speed = {"speed": f"{walker.speed_m_s:.2f}", "km_h": f"{3.6 * walker.speed_m_s:.1f}"}
    notes = [Text(f"note_walker_{group}", speed)]
    if "slope" in walking:
        notes.append(Text(f"note_slope_{walking['slope']}"))
    if walker.step_free or walking.get("step_free"):
        notes.append(Text("note_step_free"))
    if "direction" in walking:
        notes.append(Text(f"note_direction_{walking['direction']}"))
    if walking.get("close"):
        notes.append(Text("note_closed", {"streets": len(walking["close"])}))
    return notes


def _data_notes(layers: Mapping[str, pd.DataFrame], walking: Mapping[str, Any]) -> list[Text]:
    notes = [Text("note_special")]
    if "snap_within" in walking:
        notes.append(Text("note_snap", {"metres": walking["snap_within"]}))
    walks = layers.get("walks")
    if walks is not None and "status" in walks:
        lost = walks.loc[walks["status"].eq("no_street"), "building_id"].nunique()
        notes.append(Text("note_no_street", {"buildings": int(lost)}))
    areas = layers.get("service_areas")
    if areas is not None and {"households_wrong_in", "households_wrong_out"} <= set(areas.columns):
        households = float(areas["households"].sum())
        wrong = {side: float(areas[f"households_wrong_{side}"].sum()) for side in ("in", "out")}
        if households and areas["households_wrong_in"].notna().any():
            told = {f"{side}side": f"{100.0 * number / households:.1f}" for side, number in wrong.items()}
            notes.append(Text("note_areas", told))
    return notes
