"""The benchmark report: what stored benchmarks hold, and the quality of what they rest on."""
