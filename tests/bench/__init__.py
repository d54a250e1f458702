"""Benchmarks: `make bench` runs all, `make bench x` one. Each is a module here with a `main()`."""
