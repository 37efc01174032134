"""Named units. Inside: metres, seconds, persons, UTC. Minutes and local time only at the front doors."""

from __future__ import annotations

MINUTE_S = 60.0
HOUR_S = 3600.0
KM_H_IN_M_S = 1000.0 / HOUR_S
MILLIMETRE_M = 0.001

# Units that the data dictionary may use, with their English and Chinese names.
UNITS: dict[str, tuple[str, str]] = {
    "": ("", ""),
    "m": ("metre", "米"),
    "m2": ("square metre", "平方米"),
    "m/s": ("metre per second", "米/秒"),
    "s": ("second", "秒"),
    "min": ("minute", "分钟"),
    "share": ("share of 1", "比例（0–1）"),
    "household": ("household", "户"),
    "person": ("person", "人"),
    "officer": ("officer", "人"),
    "building": ("building", "栋"),
    "bed": ("bed", "床位"),
    "place": ("place", "个位置"),
    "seat": ("seat", "座"),
    "meal": ("meal a day", "份/日"),
    "doctor": ("doctor", "名医生"),
    "level": ("storey", "层"),
    "kg": ("kilogram", "千克"),
    "litre": ("litre", "升"),
    "rise/run": ("rise over run", "坡度（高差/水平距离）"),
}
