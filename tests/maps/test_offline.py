import base64
import copy
import hashlib
import os
import re

import folium
import folium.plugins
import pytest

from gridtwin.errors import OutputExistsError, StorageError
from gridtwin.maps import MissingAssetError, save_map
from gridtwin.maps.offline import render_map


def _map(**options):
    return folium.Map([31.2, 120.0], zoom_start=15, tiles=None, **options)


def _head(page, name):
    return re.search(rf'<meta http-equiv="{name}" content="([^"]*)"', page).group(1)


def test_page_links_to_nothing():
    """A page holds no address of a script, style sheet or picture outside itself."""
    page = render_map(_map())
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)
    assert not re.search(r"url\((?!data:|#)", page)
    assert "L.map(" in page


def test_equal_maps_give_equal_bytes():
    """Two maps made alike give the same page, in spite of folium's random ids."""

    def build():
        figure_map = _map()
        group = folium.FeatureGroup().add_to(figure_map)
        folium.Circle([31.2, 120.0], radius=50, tooltip="circle").add_to(group)
        folium.LayerControl().add_to(figure_map)
        return render_map(figure_map)

    assert build() == build()


def test_saving_changes_neither_map_nor_folium(tmp_path):
    """A map can be saved again, keeps its ids, and other maps keep folium's links."""
    figure_map = _map()
    before, links = figure_map.get_name(), copy.deepcopy(folium.Map.default_js)
    first = save_map(figure_map, tmp_path / "a.html").read_bytes()
    assert save_map(figure_map, tmp_path / "b.html").read_bytes() == first
    assert figure_map.get_name() == before
    assert folium.Map.default_js == links
    assert not figure_map.get_root().header._children.keys() & {"leaflet", "leaflet_css"}


def test_policy_names_the_hash_of_every_script():
    """The content security policy allows the page's own scripts by hash, and nothing by default."""
    page = render_map(_map())
    policy = _head(page, "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    for script in re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert page.index("Content-Security-Policy") < page.index("<script")


@pytest.mark.parametrize(("lang", "written"), [("en", "en"), ("zh", "zh-CN")])
def test_page_states_language_charset_and_title(lang, written):
    """The page says its language, its encoding within the first bytes, and a title."""
    page = render_map(_map(), lang=lang)
    assert f'<html lang="{written}">' in page
    assert '<meta charset="utf-8">' in page[:200]
    assert "<title>GridTwin</title>" in page


@pytest.mark.parametrize(
    "element",
    [
        folium.TileLayer("OpenStreetMap"),
        folium.WmsTileLayer("http://maps.example/wms", layers="roads"),
        folium.Marker([31.2, 120.0], icon=folium.Icon()),
        folium.Marker([31.2, 120.0], popup="needs jQuery"),
        folium.plugins.Fullscreen(),
        folium.Element('<script src="https://cdn.example/x.js"></script>'),
    ],
    ids=["tiles", "wms", "icon", "popup", "plugin", "markup"],
)
def test_unknown_asset_is_an_error(element):
    """What would have to be fetched is refused with its name, never left out in silence."""
    figure_map = _map()
    if type(element) is folium.Element:
        figure_map.get_root().html.add_child(element)
    else:
        element.add_to(figure_map)
    with pytest.raises(MissingAssetError) as caught:
        render_map(figure_map)
    assert caught.value.code == "asset_missing"
    assert isinstance(caught.value, LookupError)


def test_existing_file_is_kept(tmp_path):
    """A file that exists is replaced only when told so."""
    target = tmp_path / "map.html"
    target.write_text("mine")
    with pytest.raises(OutputExistsError):
        save_map(_map(), target)
    assert target.read_text() == "mine"
    save_map(_map(), target, overwrite=True)
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    """When the disk fails, the old file stays and no part of the new one is left behind."""
    target = tmp_path / "map.html"
    target.write_text("old")

    def fail(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="No space left"):
        save_map(_map(), target, overwrite=True)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_missing_folder_is_a_storage_error(tmp_path):
    """A folder that does not exist is named in the error."""
    with pytest.raises(StorageError, match="absent"):
        save_map(_map(), tmp_path / "absent" / "map.html")


@pytest.mark.browser
def test_folium_layers_work_offline(browse, tmp_path):
    """Folium's own vectors, markers and layer control draw from the file alone, without Leaflet's prefix."""
    figure_map = _map()
    folium.Marker([31.2, 120.0], tooltip="marker").add_to(figure_map)
    folium.Circle([31.2, 120.0], radius=80).add_to(figure_map)
    folium.FeatureGroup("group").add_to(figure_map)
    folium.LayerControl(collapsed=False).add_to(figure_map)
    watched = browse()
    page = watched.page
    page.goto(save_map(figure_map, tmp_path / "map.html").as_uri())
    assert page.locator("path.leaflet-interactive").count() == 1
    assert page.evaluate("document.querySelector('.leaflet-marker-icon').naturalWidth") == 25
    assert "Leaflet" not in page.inner_text("body")
    assert page.locator(".leaflet-control-layers-overlays input").count() == 1
    assert watched.outside == []
    assert watched.errors == []


@pytest.mark.browser
def test_policy_is_in_force(browse, tmp_path):
    """Script injected into the page does not run, and a request is not sent."""
    watched = browse()
    page = watched.page
    page.goto(save_map(_map(), tmp_path / "map.html").as_uri())
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'window.injected = 1';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.injected = 2">');
            new Image().src = 'http://outside.example/pixel.png';
            return fetch('http://outside.example/data').catch(() => null);
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.injected") is None
    assert any("Content Security Policy" in error for error in watched.errors)
    assert not any(error.startswith("net::") for error in watched.errors)
