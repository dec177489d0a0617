"""Benchmarks are run by ``make bench``; pytest looks at none of their files."""

collect_ignore_glob = ["*.py"]
