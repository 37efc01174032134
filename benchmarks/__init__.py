"""Benchmarks: generated cities and peers, measured in the same run; no part of the tests."""
