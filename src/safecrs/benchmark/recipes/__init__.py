"""The benchmarks this package builds, one file each: which sources, which oracle, what a reader must know."""
