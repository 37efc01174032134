import json
import re
import shutil

from tools import vendor


def test_assets_match_their_manifest():
    """Every vendored file has the hash that the manifest records, and none is missing or unknown."""
    assert vendor.differences(vendor.ASSETS) == []


def test_manifest_follows_the_list_of_packages():
    """The manifest names the packages, versions, licences and files that tools/vendor.py lists."""
    manifest = json.loads((vendor.ASSETS / vendor.MANIFEST).read_text("utf-8"))
    listed = [(p.name, p.version, p.licence, sorted(p.files.values())) for p in vendor.PACKAGES]
    assert [(e["name"], e["version"], e["licence"], sorted(e["files"])) for e in manifest["packages"]] == listed


def test_changes_are_found(tmp_path):
    """A changed, a lost and a strange file are each reported."""
    assets = shutil.copytree(vendor.ASSETS, tmp_path / "assets")
    (assets / "leaflet" / "leaflet.js").write_text("changed")
    (assets / "leaflet" / "LICENSE").unlink()
    (assets / "strange.js").write_text("")
    assert vendor.differences(assets) == [
        "not in the manifest: strange.js",
        "missing: leaflet/LICENSE",
        "changed: leaflet/leaflet.js",
    ]


def test_every_licence_is_there():
    """Each package comes with its licence text."""
    for package in vendor.PACKAGES:
        licence = next(vendor.ASSETS / name for name in package.files.values() if name.endswith("LICENSE"))
        assert re.search(r"Redistribution|Permission", licence.read_text("utf-8"))
