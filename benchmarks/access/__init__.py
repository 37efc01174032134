"""Walking service areas, matrices, polygons and siting beside other tools: ``python -m benchmarks access``."""
