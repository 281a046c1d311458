"""The committed table of packet ids is what tools/gen_packet_ids writes now, and --check would notice if it were not."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import unittest

TOOL = pathlib.Path(__file__).parent / "gen_packet_ids"


def load():
    loader = importlib.machinery.SourceFileLoader("gen_packet_ids", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gen_packet_ids", loader))
    loader.exec_module(module)
    return module


class GenPacketIds(unittest.TestCase):
    def test_the_committed_table_is_current(self):
        result = subprocess.run([str(TOOL), "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((result.returncode, result.stdout.decode()), (0, ""))

    def test_packets_put_in_and_taken_out_move_the_others(self):
        before = {0: "a", 1: "b", 2: "c", 3: "d"}
        after = load().changed(before, [("+", 1, "new"), ("-", 2, "c")])
        self.assertEqual(after, {0: "a", 1: "new", 2: "b", 3: "d"})

    def test_a_packet_that_is_not_there_cannot_be_taken_out(self):
        with self.assertRaises(SystemExit):
            load().changed({0: "a", 1: "b"}, [("-", 0, "b")])

    def test_rows_hold_changes_only(self):
        module = load()
        place = ("play", "server")
        module.PACKETS = {place: "keep_alive chat"}
        versions = {"v1": {place: {0: "keep_alive"}}, "v2": {place: {0: "keep_alive", 1: "chat"}},
                    "v3": {place: {0: "chat", 1: "keep_alive"}}, "v4": {place: {1: "keep_alive"}}}
        self.assertEqual(list(module.rows(versions)), [
            ("keep_alive", "play", "server", [("v1", 0), ("v3", 1)]),
            ("chat", "play", "server", [("v2", 1), ("v3", 0), ("v4", None)])])

    def test_a_packet_that_no_version_has_is_an_error(self):
        module = load()
        module.PACKETS = {("play", "server"): "no_such_packet"}
        with self.assertRaises(SystemExit):
            list(module.rows({"v1": {("play", "server"): {0: "keep_alive"}}}))


if __name__ == "__main__":
    unittest.main()
