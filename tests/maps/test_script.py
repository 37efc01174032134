import json

import folium
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridtwin.maps.offline import render_map
from gridtwin.maps.packed import Field, Pass, Style
from gridtwin.maps.script import literal_html, script_json
from tests.maps.test_packed import PASSES, PackedLayer, mixed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_values_read_back(value):
    """What is written as script is JSON of the same value."""
    assert json.loads(script_json(value)) == value


@given(st.text(alphabet="<>&'{}%#/\\\"a!-"))
def test_strings_hold_neither_markup_nor_template(text):
    """No string of the data can open a tag, close the script or begin a template."""
    assert not set(script_json(text)) & set("<>&'{}%#")


def test_dataclasses_have_camel_case_keys():
    """Styles and passes become the options that the scripts read."""
    read = json.loads(script_json([Pass(3, (Style(fill_opacity=0.5), None)), Field("a_b")]))
    assert read[0]["order"] == 3
    assert read[0]["styles"][0]["fillOpacity"] == 0.5
    assert read[0]["styles"][1] is None
    assert read[1]["key"] == "a_b"


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{% raw %}", "{# note #}", "{{ cycler.__init__ }}"])
def test_templates_in_the_data_are_not_run(text):
    """Template code in names stays text while the page is made."""
    figure_map = folium.Map([31.2, 117.0], tiles=None)
    PackedLayer(mixed(), name=text, passes=PASSES, fields=[Field("name", title=text)]).add_to(figure_map)
    folium.LayerControl().add_to(figure_map)
    page = render_map(figure_map)
    assert script_json(text) in page
    assert json.dumps(literal_html(text)).replace("&", "\\u0026") in page
