"""Benchmarks: `make bench` runs all, `make bench NAME=x` one. Each is a module here with a `main()`."""
