"""Places through OSMnx: answers come from stored responses; the network is blocked."""

from __future__ import annotations

import json
import socket
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import osmnx as ox
import pandas as pd
import pytest
import requests
import shapely
from osmnx import _http

from gridtwin.errors import InputError
from gridtwin.load.osm import read_osm
from gridtwin.load.place import read_place

RESPONSES = Path(__file__).parent / "place"
NAME = "玩具街道, 北京市"


class Answer:
    """A stored answer of Nominatim or Overpass."""

    ok = True
    status_code = 200
    reason = "OK"
    url = "https://stored.test/"
    text = ""
    content = b""

    def __init__(self, content: Any) -> None:
        self._content = content

    def json(self) -> Any:
        """Return the answer."""
        return self._content


def elements(*, streets: bool) -> dict[str, Any]:
    """Return the toy place as Overpass would: its streets, or everything else, with the nodes of both."""
    found = []
    root = ET.parse(RESPONSES / "toy.osm").getroot()
    for item in root:
        if item.tag not in ("node", "way", "relation"):
            continue
        tags = {tag.get("k"): tag.get("v") for tag in item.findall("tag")}
        wanted = "highway" in tags if streets else tags.get("highway", "motorway") == "motorway"
        if (item.tag == "way" and not wanted) or (item.tag == "relation" and streets):
            continue
        entry: dict[str, Any] = {"type": item.tag, "id": int(item.attrib["id"])}
        if tags:
            entry["tags"] = tags
        if item.tag == "node":
            entry |= {"lat": float(item.attrib["lat"]), "lon": float(item.attrib["lon"])}
        elif item.tag == "way":
            entry["nodes"] = [int(nd.attrib["ref"]) for nd in item.findall("nd")]
        else:
            entry["members"] = [
                {"type": m.attrib["type"], "ref": int(m.attrib["ref"]), "role": m.attrib["role"]}
                for m in item.findall("member")
            ]
        found.append(entry)
    return {"elements": found}


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("no network in tests")

    for name in ("gethostbyname", "getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(_http, "_original_getaddrinfo", refuse)
    monkeypatch.setattr(ox.settings, "overpass_rate_limit", False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def stored(no_network: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Answer from stored responses, and return the folder that keeps the answers."""

    def get(url: str, **options: Any) -> Answer:
        known = options["params"]["q"] == NAME
        return Answer(json.loads((RESPONSES / "nominatim.json").read_text("utf-8")) if known else [])

    def post(url: str, **options: Any) -> Answer:
        streets = '["highway"]' in options["data"]["data"]
        return Answer(elements(streets=streets))

    with monkeypatch.context() as patch:
        patch.setattr(requests, "get", get)
        patch.setattr(requests, "post", post)
        patch.setattr(_http, "_config_dns", lambda url: None)
        patch.setattr("osmnx._overpass._http._config_dns", lambda url: None)
        yield tmp_path / "cache"


def test_a_place_reads_like_the_file_of_the_same_data(stored: Path) -> None:
    """Streets, junctions, buildings, barriers and facilities are those that the local reader finds."""
    place = read_place(NAME, cache=stored)
    file = read_osm(RESPONSES / "toy.osm", crs=place.crs)
    assert place.crs.to_epsg() == 4548
    assert "ODbL" in place.licence
    for name, frame in file.layers.items():
        key = frame.columns[0]
        one = place.layers[name].sort_values(key, ignore_index=True)
        other = frame.sort_values(key, ignore_index=True)
        assert shapely.equals_exact(
            shapely.normalize(one.geometry.to_numpy()), shapely.normalize(other.geometry.to_numpy()), tolerance=1e-6
        ).all()
        pd.testing.assert_frame_equal(
            pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry"))
        )
    assert shapely.intersects(place.box, place.layers["streets"].geometry.to_numpy()).all()


def test_answers_are_kept(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second reading asks nobody: the folder holds the answers, and OSMnx's settings are as they were."""
    before = {name: getattr(ox.settings, name) for name in dir(ox.settings) if not name.startswith("_")}
    first = read_place(NAME, cache=stored)
    assert len(list(stored.glob("*.json"))) == 3

    def nobody(*args: Any, **options: Any) -> Any:
        raise AssertionError("asked again")

    monkeypatch.setattr(requests, "get", nobody)
    monkeypatch.setattr(requests, "post", nobody)
    second = read_place(NAME, cache=stored)
    pd.testing.assert_frame_equal(pd.DataFrame(first.layers["streets"]), pd.DataFrame(second.layers["streets"]))
    assert {name: getattr(ox.settings, name) for name in before} == before


def test_unknown_places(stored: Path) -> None:
    """A name that OpenStreetMap does not know is said to be unknown."""
    with pytest.raises(InputError, match="乌有之乡") as error:
        read_place("乌有之乡", cache=stored)
    assert error.value.code == "place_unknown"


def test_no_internet(no_network: None, tmp_path: Path) -> None:
    """Without the internet the error says how to go on without it."""
    with pytest.raises(InputError, match="--osm") as error:
        read_place(NAME, cache=tmp_path)
    assert error.value.code == "place_not_reachable"
