"""A plan: the grid of each unit turned into layers, codes, staff, violations and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridtwin.grids import measures
from gridtwin.grids.codes import assign_codes, community_codes, overlap_of
from gridtwin.grids.params import FORMER_PLAN, DivideParams
from gridtwin.grids.planar import Flags, Geometries, Indices, dissolve
from gridtwin.grids.remedies import Remedies
from gridtwin.grids.rules import NO_RULES, Rules
from gridtwin.grids.staffing import StaffingRules, community_staffing, grid_officers
from gridtwin.grids.surroundings import Surroundings
from gridtwin.grids.units import Units
from gridtwin.grids.violations import describe, violations_of
from gridtwin.grids.zones import Zones
from gridtwin.schemas import GROUPS, conform, empty_layer

PEOPLE = ("households", "persons", *GROUPS)


@dataclass(frozen=True)
class GridPlan:
    """A division: layers that pass their schemas, what breaks a rule, and the measures of the whole plan.

    Attributes
    ----------
    grids, units, buildings, communities
        Layers of the data dictionary. Communities are the sum of their grids: their outline has the vertices
        of the streets that meet it, moved by less than a micrometre.
    grid_codes, staffing
        The ledger of all codes ever given; staff by community.
    violations
        Columns grid_id, code, amount (households outside the bounds), detail; empty for a perfect plan.
    remedies
        What would mend each violation: columns grid_id, code, remedy, params, text (see
        :class:`gridtwin.grids.remedies.Remedies`).
    params, grid_rules
        What was asked for.
    measures
        Numbers of the whole plan, see :meth:`summary`.
    """

    grids: gpd.GeoDataFrame
    units: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    grid_codes: pd.DataFrame
    staffing: pd.DataFrame
    violations: pd.DataFrame
    remedies: pd.DataFrame
    params: DivideParams
    measures: Mapping[str, Any]
    grid_rules: Rules = NO_RULES

    def summary(self) -> dict[str, Any]:
        """Return the measures of the plan as plain values, ready for a table or JSON."""
        return dict(self.measures)

    def layers(self) -> dict[str, pd.DataFrame]:
        """Return the layers that the plan writes into a region."""
        return {
            "communities": self.communities,
            "buildings": self.buildings,
            "units": self.units,
            "grids": self.grids,
            "grid_codes": self.grid_codes,
            "staffing": self.staffing,
        }


@dataclass(frozen=True)
class Inherited:
    """What a plan takes over from the one that it was made from; grids in the numbers of the new plan.

    Attributes
    ----------
    locked
        Which grids stay locked, (grids,).
    pinned
        Which units stay pinned, (units,).
    names
        Code that each grid is to have, None for a new one, (grids,); by default the homes decide.
    unsearched
        Grids for which no way into the bounds has been looked for, (grids,); by default none.
    codes
        Codes that some grids keep whatever homes they share with others, by grid.
    """

    locked: Flags
    pinned: Flags
    names: tuple[str | None, ...] | None = None
    unsearched: Flags | None = None
    codes: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def nothing(cls, grids: int, units: int) -> Inherited:
        """Return what a new plan takes over."""
        return cls(np.zeros(grids, bool), np.zeros(units, bool))


@dataclass(frozen=True)
class PlanBuilder:
    """Turns the grid of each unit into the layers of a plan.

    Attributes
    ----------
    units
        Units of the plan.
    grid, part
        Grid of each unit, numbered 0 … k − 1, and the walkable part it lies in, (units,).
    proved, conflict
        Grids outside the bounds that are proved to be unavoidable, or kept there by locks, (grids,).
    rules, plan, date
        What was asked for.
    facts
        Further measures for the summary.
    grid_rules
        The rules that the zones come from.
    inherited
        Locks, and what else the plan takes over from the one that it was made from.
    held
        Grids that could not change while the plan was made, (grids,); by default those that stay locked.
    """

    units: Units
    zones: Zones
    grid: Indices
    part: Indices
    proved: Flags
    conflict: Flags
    rules: StaffingRules
    plan: str
    date: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    grid_rules: Rules = NO_RULES
    inherited: Inherited | None = None
    held: Flags | None = None

    def build(
        self,
        layers: Mapping[str, pd.DataFrame],
        buildings: gpd.GeoDataFrame,
        communities: gpd.GeoDataFrame,
        network: Any,
    ) -> GridPlan:
        """Return the plan with its layers, codes, staff, violations and measures."""
        units, unit_grid = self.units, self.grid
        kept = self._kept()
        shapes = units.frame.geometry.to_numpy()
        home = np.where(units.building_unit >= 0, unit_grid[units.building_unit], -1)
        first = np.unique(unit_grid, return_index=True)[1]
        grids = gpd.GeoDataFrame(
            {"community_id": units.frame["community_id"].to_numpy()[first]},
            geometry=dissolve(shapes, unit_grid),
            crs=communities.crs,
        )
        grids = grids.assign(**self._counts(buildings, home, len(grids)), **self.zones.columns(unit_grid))
        split_here, split, compounds = measures.compounds_split(buildings, home, len(grids))
        grids["area_m2"] = shapely.area(grids.geometry.to_numpy())
        grids["compactness"] = measures.polsby_popper(grids.geometry.to_numpy())
        grids["reock"] = measures.reock(grids.geometry.to_numpy())
        grids["street_share"] = measures.street_share(units, unit_grid)
        grids["compounds_split"] = split_here
        grids["longest_walk_m"] = measures.longest_walk(network, buildings, home, len(grids))
        grids["grid_officers"] = grid_officers(
            grids["households"].to_numpy(np.int64), self.rules, special=measures.special_purpose(grids)
        )
        grids["volunteers"] = grids["grid_officers"] * self.rules.volunteers_an_officer
        pieces = measures.walkable_pieces(units, unit_grid)
        found = violations_of(
            units, unit_grid, self.part, pieces, self.proved, self.conflict, self.zones, unsearched=kept.unsearched
        )
        grids["locked"] = kept.locked
        grids["violations"] = pd.Series(describe(found, len(grids)), dtype="str")
        whole = self._communities(communities, shapes)
        codes, ledger = self._codes(layers, grids, whole, home, buildings)
        grids["code"] = codes
        grids["grid_id"] = codes
        remedies = self._remedies(found, buildings, communities, codes)
        return self._plan(grids, buildings, whole, ledger, home, found, remedies, pieces, (split, compounds))

    def _kept(self) -> Inherited:
        return self.inherited or Inherited.nothing(int(self.grid.max()) + 1, len(self.grid))

    def _counts(self, buildings: gpd.GeoDataFrame, home: Indices, count: int) -> dict[str, Any]:
        """Return people and buildings of each grid; unknown groups stay unknown."""
        inside = home >= 0
        table = buildings.loc[inside, list(PEOPLE)].groupby(home[inside]).sum(min_count=1)
        counts: dict[str, Any] = {name: table[name].reindex(range(count)).astype("Int64") for name in PEOPLE}
        counts["households"] = counts["households"].fillna(0)
        counts["buildings"] = np.bincount(home[inside], minlength=count)
        homes = buildings["households"].fillna(0).to_numpy(np.float64)
        counted = homes * buildings["households_source"].eq("counted").fillna(False).to_numpy(bool)
        total = np.bincount(home[inside], weights=homes[inside], minlength=count)
        known = np.bincount(home[inside], weights=counted[inside], minlength=count)
        counts["counted_share"] = np.divide(known, total, out=np.full(count, np.nan), where=total > 0)
        return counts

    def _communities(self, communities: gpd.GeoDataFrame, shapes: Geometries) -> gpd.GeoDataFrame:
        """Return the communities as the sum of their units, each with its 12-digit code."""
        with_units = np.unique(self.units.community)
        result = communities.iloc[with_units].reset_index(drop=True)
        position = np.searchsorted(with_units, self.units.community)
        result = result.set_geometry(gpd.GeoSeries(dissolve(shapes, position), crs=communities.crs))
        result["code"] = community_codes(communities)[with_units]
        return conform(result, "communities")

    def _codes(
        self,
        layers: Mapping[str, pd.DataFrame],
        grids: gpd.GeoDataFrame,
        communities: gpd.GeoDataFrame,
        home: Indices,
        buildings: gpd.GeoDataFrame,
    ) -> tuple[Geometries, pd.DataFrame]:
        """Return the code of each grid and the ledger; codes of an earlier plan live on."""
        code_of = communities.set_index("community_id")["code"]
        ledger = layers.get("grid_codes")
        earlier = layers.get("assignments")
        earlier = empty_layer("assignments") if earlier is None else earlier
        mine = earlier[earlier["plan"] == self.plan].set_index("unit_id")["grid_id"]
        former = buildings["unit_id"].map(mine) if len(mine) else buildings["grid_id"]
        homes = buildings["households"].fillna(0).to_numpy(np.float64)
        return assign_codes(
            grids,
            code_of.reindex(grids["community_id"]).to_numpy(dtype=object),
            ledger=empty_layer("grid_codes") if ledger is None else ledger,
            overlap=overlap_of(former, home, homes),
            date=self.date,
            fixed={**self.zones.codes(self.grid), **self._kept().codes},
            elsewhere=set(earlier.loc[~earlier["plan"].isin((self.plan, FORMER_PLAN)), "grid_id"]),
            names=self._kept().names,
        )

    def _remedies(
        self, found: pd.DataFrame, buildings: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, codes: Geometries
    ) -> pd.DataFrame:
        """Return what would mend each of the violations ``found``."""
        around = Surroundings(self.units, self.grid, self.part, self.zones)
        held = self._kept().locked if self.held is None else self.held
        return Remedies(around, buildings, communities, [str(code) for code in codes], held).of(found)

    def _plan(
        self,
        grids: gpd.GeoDataFrame,
        buildings: gpd.GeoDataFrame,
        communities: gpd.GeoDataFrame,
        ledger: pd.DataFrame,
        home: Indices,
        found: pd.DataFrame,
        remedies: pd.DataFrame,
        pieces: Indices,
        compounds: tuple[int, int],
    ) -> GridPlan:
        """Put keys into all layers, order the grids by code, and sum up."""
        codes = grids["grid_id"].to_numpy()
        frame = self.units.frame
        unit_ids, unit_community = frame["unit_id"].to_numpy(), frame["community_id"].to_numpy()
        at = self.units.building_unit
        placed = buildings.assign(
            grid_id=pd.Series(np.where(home >= 0, codes[home], None), dtype="str"),
            unit_id=pd.Series(np.where(at >= 0, unit_ids[at], None), dtype="str"),
            community_id=pd.Series(np.where(at >= 0, unit_community[at], None), dtype="str"),
        )
        units = frame.assign(grid_id=codes[self.grid], locked=self._kept().pinned)
        violations = found.assign(grid_id=codes[found["row"].to_numpy(np.int64)])
        violations = violations[["grid_id", "code", "amount", "detail"]].sort_values(
            ["grid_id", "code"], ignore_index=True
        )
        ordered = conform(grids.sort_values("grid_id", ignore_index=True), "grids")
        summary = self._summary(ordered, placed, communities, violations, pieces, compounds)
        return GridPlan(
            grids=ordered,
            units=conform(units, "units"),
            buildings=conform(placed, "buildings"),
            communities=communities,
            grid_codes=conform(ledger, "grid_codes"),
            staffing=conform(community_staffing(ordered, self.rules), "staffing"),
            violations=violations,
            remedies=remedies,
            params=self.zones.params[0],
            measures=summary,
            grid_rules=self.grid_rules,
        )

    def _summary(
        self,
        grids: gpd.GeoDataFrame,
        buildings: gpd.GeoDataFrame,
        communities: gpd.GeoDataFrame,
        violations: pd.DataFrame,
        pieces: Indices,
        compounds: tuple[int, int],
    ) -> dict[str, Any]:
        """Return the measures of the whole plan as plain values."""
        homes = buildings["households"].fillna(0)
        counted = float(homes[buildings["households_source"].eq("counted").fillna(False)].sum())
        tidy = grids["violations"].isna().to_numpy(bool)
        return {
            **measures.plan_measures(grids),
            "communities": len(communities),
            "units": len(self.units.frame),
            "buildings": len(buildings),
            "share_without_violation": float(tidy.mean()),
            "violations": violations["code"].value_counts().sort_index().to_dict(),
            "share_contiguous": float((pieces <= 1).mean()),
            "single_polygons": float(grids.geometry.geom_type.eq("Polygon").mean()),
            "compounds": compounds[1],
            "compounds_split": compounds[0],
            "households_outside": int(homes[buildings["grid_id"].isna()].sum()),
            "counted_share": counted / float(homes.sum()) if homes.sum() else 0.0,
            "grid_officers": int(grids["grid_officers"].sum()),
            "volunteers": int(grids["volunteers"].sum()),
            **measures.seams(grids, communities),
            **self.facts,
        }
