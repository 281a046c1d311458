"""tests/run must not be fooled: each way in which a program can fail, or test nothing, is played to it by a script."""

import argparse
import importlib.machinery
import importlib.util
import json
import pathlib
import tempfile
import textwrap
import unittest

PATH = pathlib.Path(__file__).parent.parent / "tests" / "run"
loader = importlib.machinery.SourceFileLoader("test_runner", str(PATH))
spec = importlib.util.spec_from_loader("test_runner", loader)
runner = importlib.util.module_from_spec(spec)
loader.exec_module(runner)


def case(name, **more):
    return {"name": name, "status": "RUN", "result": "COMPLETED", **more}


class TestRunner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.kept_root, runner.ROOT = runner.ROOT, self.root
        self.addCleanup(lambda: setattr(runner, "ROOT", self.kept_root))
        self.arguments = argparse.Namespace(preset="x", filter="")

    def program(self, text):
        path = self.root / "program"
        path.write_text("#!/bin/bash\n" + textwrap.dedent(text))
        path.chmod(0o755)
        return path

    def gtest(self, cases, ending="exit 0", output=""):
        """A program that writes the report of these cases and then ends so."""
        report = json.dumps({"testsuites": [{"name": "Suite", "testsuite": cases}]})
        return self.program(f"""
            for a in "$@"; do case "$a" in --gtest_output=json:*) to="${{a#*json:}}" ;; esac; done
            printf '%b' '{output}'
            cat > "$to" <<'END'
            {report}
            END
            {ending}
            """)

    def outcome(self, program, limit=10):
        result = runner.run_gtest(program, limit, self.arguments)
        return result.passed, result.failed, " ".join(result.notes)

    def test_passed_cases_are_counted(self):
        self.assertEqual(self.outcome(self.gtest([case("a"), case("b")])), (2, 0, ""))

    def test_a_failed_case_is_named_and_counted_once(self):
        passed, failed, notes = self.outcome(self.gtest([case("a"), case("b", failures=[{}])], "exit 1"))
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("Suite.b: failed", notes)

    def test_only_the_output_of_failed_cases_is_shown(self):
        output = "".join(f"[ RUN      ] Suite.{name}\\nsaid {name}\\n[       OK ] Suite.{name}\\n" for name in "abc")
        cases = [case("a"), case("b", failures=[{}]), case("c")]
        _, _, notes = self.outcome(self.gtest(cases, "exit 1", output))
        self.assertIn("said b", notes)
        self.assertNotIn("said a", notes)
        self.assertNotIn("said c", notes)

    def test_skipped_and_disabled_cases_are_failures(self):
        cases = [case("a", result="SKIPPED"), case("DISABLED_b", status="NOTRUN", result="SUPPRESSED"), case("c")]
        self.assertEqual(self.outcome(self.gtest(cases))[:2], (1, 2))

    def test_cases_of_another_shard_do_not_count(self):
        cases = [case("a"), case("b", status="NOTRUN", result="SUPPRESSED")]
        self.assertEqual(self.outcome(self.gtest(cases))[:2], (1, 0))

    def test_a_sanitizer_report_at_exit_is_a_failure(self):
        passed, failed, notes = self.outcome(self.gtest([case("a")], "echo leak; exit 66"))
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("exit code 66", notes)
        self.assertIn("leak", notes)

    def test_a_sanitizer_report_beside_failed_cases_counts_too(self):
        self.assertEqual(self.outcome(self.gtest([case("a", failures=[{}])], "exit 66"))[:2], (0, 2))

    def test_a_crash_keeps_what_had_passed(self):
        passed, failed, notes = self.outcome(self.program("""
            echo '[ RUN      ] Suite.a'
            echo '[       OK ] Suite.a (0 ms)'
            echo '[ RUN      ] Suite.b'
            kill -SEGV $$
            """))
        self.assertEqual((passed, failed), (1, 1))
        self.assertIn("last case begun: Suite.b", notes)
        self.assertIn("SIGSEGV", notes)

    def test_a_program_without_a_report_is_a_failure_even_with_exit_code_0(self):
        self.assertEqual(self.outcome(self.program("exit 0"))[:2], (0, 1))

    def test_a_program_that_hangs_is_ended_with_its_children(self):
        passed, failed, notes = self.outcome(self.program("sleep 1000 & wait"), limit=0.2)
        self.assertEqual((passed, failed), (0, 1))
        self.assertIn("did not end", notes)

    def test_replays_need_inputs(self):
        self.assertEqual(runner.run_replay([str(self.program("echo 3 inputs"))], 10)[:2], (1, 0))
        self.assertEqual(runner.run_replay([str(self.program("echo 0 inputs"))], 10)[:2], (0, 1))
        self.assertEqual(runner.run_replay([str(self.program("echo 3 inputs; exit 1"))], 10)[:2], (0, 1))
        self.assertEqual(runner.run_replay([str(self.program("exit 0"))], 10)[:2], (0, 1))

    def peers(self, text):
        path = self.root / "tests/peers/run"
        path.parent.mkdir(parents=True)
        self.program(text).rename(path)
        return runner.run_peers(10)[:2]

    def test_peers_are_added_up(self):
        self.assertEqual(self.peers("echo '7 passed, 0 failed'"), (7, 0))

    def test_failed_peers(self):
        self.assertEqual(self.peers("echo '7 passed, 2 failed'; exit 1"), (7, 2))

    def test_peers_that_contradict_themselves(self):
        self.assertEqual(self.peers("echo '7 passed, 0 failed'; exit 1"), (7, 1))

    def test_peers_that_ran_nothing(self):
        self.assertEqual(self.peers("echo '0 passed, 0 failed'"), (0, 1))

    def test_peers_without_a_closing_line(self):
        self.assertEqual(self.peers("echo '7 passed, 0 failed'; echo bye"), (0, 1))

    def test_peers_that_are_missing(self):
        self.assertEqual(runner.run_peers(10)[:2], (0, 1))

    def test_a_suite_that_runs_nothing_is_a_failure(self):
        self.arguments.jobs = 1
        for suite in runner.SUITES:
            self.assertEqual(runner.run_suite(suite, self.arguments)[:2], (0, 1), suite)


if __name__ == "__main__":
    unittest.main()
