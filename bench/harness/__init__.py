"""The runner behind bench/run: namespace, peers, suites, figures."""
