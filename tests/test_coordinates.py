"""Coordinates: GCJ-02 and BD-09 forth and back, the CRS of a place, what is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridtwin import coordinates as c
from gridtwin.errors import InputError, UsageError

LON = st.floats(73.0, 136.0)
LAT = st.floats(17.5, 54.0)
GEOD = pyproj.Geod(ellps="WGS84")


def metres(one: c.Pair, other: c.Pair) -> np.ndarray:
    """Return the distances between places in degrees."""
    north = (one[1] - other[1]) * 111_320.0
    east = (one[0] - other[0]) * 111_320.0 * np.cos(np.radians(one[1]))
    return np.hypot(np.asarray(east), np.asarray(north))


@settings(deadline=None)
@given(LON, LAT)
def test_gcj02_inverse_is_exact(lon: float, lat: float) -> None:
    """Anywhere on the mainland, GCJ-02 and back is the same place within a micrometre."""
    there = c.wgs84_to_gcj02(lon, lat)
    assert metres(c.gcj02_to_wgs84(*there), (np.float64(lon), np.float64(lat))) <= 1e-6


@settings(deadline=None)
@given(LON, LAT)
def test_bd09_inverse_is_exact(lon: float, lat: float) -> None:
    """BD-09 to GCJ-02 and back, and GCJ-02 to BD-09 and back, are the same place within a micrometre."""
    place = np.float64(lon), np.float64(lat)
    assert metres(c.bd09_to_gcj02(*c.gcj02_to_bd09(lon, lat)), place) <= 1e-6
    assert metres(c.gcj02_to_bd09(*c.bd09_to_gcj02(lon, lat)), place) <= 1e-6


def test_bd09_to_wgs84_over_the_mainland() -> None:
    """Both steps together keep 100,000 places within two micrometres, whole arrays at a time."""
    rng = np.random.default_rng(1)
    place = rng.uniform(73, 136, 100_000), rng.uniform(17.5, 54, 100_000)
    back = c.bd09_to_wgs84(*c.wgs84_to_bd09(*place))
    assert metres(back, place).max() <= 2e-6


@pytest.mark.parametrize(
    ("lon", "lat", "expected_m"), [(116.404, 39.915, 556), (121.4737, 31.2304, 482), (114.0579, 22.5431, 606)]
)
def test_gcj02_offset_of_known_cities(lon: float, lat: float, expected_m: float) -> None:
    """Beijing, Shanghai and Shenzhen are shifted by what other implementations shift them."""
    east, north = c.wgs84_to_gcj02(lon, lat)
    assert GEOD.inv(lon, lat, float(east), float(north))[2] == pytest.approx(expected_m, abs=15)


def test_gcj02_published_pair() -> None:
    """Tiananmen comes out as the pair that open implementations publish."""
    lon, lat = c.wgs84_to_gcj02(116.404, 39.915)
    assert (float(lon), float(lat)) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    lon, lat = c.gcj02_to_bd09(116.404, 39.915)
    assert (float(lon), float(lat)) == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)


def test_missing_coordinates_stay_missing() -> None:
    """A place without coordinates neither stops nor spoils the conversion of the others."""
    lon, lat = c.gcj02_to_wgs84([116.4, np.nan], [39.9, np.nan])
    assert np.isfinite([lon[0], lat[0]]).all()
    assert np.isnan([lon[1], lat[1]]).all()


@pytest.mark.parametrize(("datum", "shift"), [("gcj02", c.wgs84_to_gcj02), ("bd09", c.wgs84_to_bd09)])
def test_from_datum_brings_a_layer_home(datum: str, shift: object) -> None:
    """A polygon layer declared as GCJ-02 or BD-09 returns to where it was, and the given frame is unchanged."""
    true = shapely.box(116.3, 39.9, 116.31, 39.91)
    shifted = shapely.transform(true, lambda xy: np.column_stack(shift(xy[:, 0], xy[:, 1])))  # type: ignore[operator]
    frame = gpd.GeoDataFrame({"name": ["院"]}, geometry=[shifted], crs="EPSG:4326", index=[7])
    home = c.from_datum(frame, datum)
    assert shapely.equals_exact(home.geometry.iloc[0], true, tolerance=1e-10)
    assert home.index.tolist() == [7]
    assert home.crs == "EPSG:4326"
    assert frame.geometry.iloc[0] == shifted


def test_from_datum_refuses_projected_layers_and_unknown_datums() -> None:
    """A projected layer cannot be in GCJ-02 as it stands, and an unknown datum is the caller's mistake."""
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(500000, 4000000)], crs="EPSG:4548")
    assert c.from_datum(frame, "wgs84") is frame
    with pytest.raises(InputError, match="EPSG:4548"):
        c.from_datum(frame, "gcj02")
    with pytest.raises(UsageError, match="gcj03"):
        c.from_datum(frame, "gcj03")


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (116.3, 40.0, 4548),  # Beijing, 117E
        (121.47, 31.23, 4549),  # Shanghai, 120E
        (114.3, 30.6, 4547),  # Wuhan, 114E
        (114.06, 22.54, 4547),  # Shenzhen
        (87.6, 43.8, 4538),  # Urumqi, 87E
        (126.6, 45.8, 4551),  # Harbin, 126E
        (91.1, 29.6, 4539),  # Lhasa, 90E
        (110.3, 20.0, 4546),  # Haikou, 111E
        (103.85, 1.35, 32648),  # Singapore
        (24.94, 60.17, 32635),  # Helsinki
        (-51.2, -30.0, 32722),  # Porto Alegre
        (114.17, 22.28, 32650),  # Hong Kong
        (121.56, 25.04, 32651),  # Taipei
        (126.98, 37.57, 32652),  # Seoul
        (105.85, 21.03, 32648),  # Hanoi
        (106.9, 47.9, 32648),  # Ulaanbaatar
        (179.99, 10.0, 32660),
    ],
)
def test_suggest_crs(lon: float, lat: float, epsg: int) -> None:
    """Mainland places get the nearest 3-degree zone of CGCS2000, others the UTM zone."""
    assert c.suggest_crs(lon, lat) == epsg
    assert c.require_metric(epsg, "streets").to_epsg() == epsg


def test_suggested_zone_has_the_central_meridian_it_should() -> None:
    """Every CGCS2000 code that can be suggested is the zone of its meridian."""
    for meridian in range(75, 136, 3):
        crs = pyproj.CRS.from_epsg(c.CGCS2000_75E + (meridian - 75) // 3)
        assert crs.name == f"CGCS2000 / 3-degree Gauss-Kruger CM {meridian}E"


@pytest.mark.parametrize(
    ("crs", "code"),
    [(4326, "crs_in_degrees"), (4490, "crs_in_degrees"), (3857, "crs_web_mercator"), (2263, "crs_not_metric")],
)
def test_require_metric_refuses(crs: int, code: str) -> None:
    """Degrees, Web Mercator and feet are refused with the layer's name."""
    with pytest.raises(InputError, match="streets") as error:
        c.require_metric(crs, "streets")
    assert error.value.code == code


def test_require_metric_names_the_code_that_fits() -> None:
    """With the frame at hand the message names the CRS of its place."""
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(116.3, 40.0)], crs="EPSG:4326")
    with pytest.raises(InputError, match="EPSG:4548"):
        c.require_metric(frame.crs, "buildings", frame)


def test_unreadable_crs() -> None:
    """A text that is no CRS is reported, not a traceback of PROJ."""
    with pytest.raises(InputError, match="Gauß"):
        c.read_crs("Gauß", "streets")


@pytest.mark.parametrize("crs", [4214, 4610, 2349, 2415, 4555])
def test_old_chinese_datums_are_refused(crs: int) -> None:
    """Beijing 1954, Xian 1980 and New Beijing, geographic or projected, need parameters."""
    with pytest.raises(InputError) as error:
        c.refuse_old_datum(crs, "buildings")
    assert error.value.code == "crs_needs_parameters"


def test_old_datum_with_parameters_is_accepted() -> None:
    """A CRS that carries its own transformation parameters is fine, and so is CGCS2000."""
    c.refuse_old_datum("+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3,0,0,0,0", "b")
    c.refuse_old_datum(4548, "b")
