"""From the outside world to layers: OpenStreetMap, the user's own files, tables, rasters, a toy town."""
