"""Breaks each rule of tools/check_layers in a small tree of its own and expects to be told."""

import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).parent / "check_layers"

SOUND = {
    "src/base/log.hpp": "#pragma once\n#include <string>\n",
    "src/net/worker.hpp": '#include "base/log.hpp"\n',
    "src/control/resolver.hpp": "#include <memory>\n",
    "src/control/loop.hpp": "#include <boost/asio/io_context.hpp>\n",
    "src/control/resolver.cpp": '#include "control/resolver.hpp"\n#include "control/loop.hpp"\n',
    "src/core/connection.cpp": '#include "net/worker.hpp"\n#include "control/resolver.hpp"\n',
    "src/features/files/files.hpp": "#include <string>\n",
    "src/app/main.cpp": '#include "features/files/files.hpp"\n',
    "include/drawbridge/plugin.hpp": "#include <string>\n",
    "plugins/queue/queue.cpp": '#include "drawbridge/plugin.hpp"\n',
}


class CheckLayers(unittest.TestCase):
    def check(self, changes):
        """Exit code and output for the sound tree with some files replaced or added."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**SOUND, **changes}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            result = subprocess.run([str(TOOL), folder], stdout=subprocess.PIPE, text=True)
            return result.returncode, result.stdout

    def assert_refused(self, changes, *words):
        code, output = self.check(changes)
        self.assertEqual(code, 1)
        self.assertEqual(len(output.splitlines()), 1, output)
        for word in words:
            self.assertIn(word, output)

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.check({}), (0, ""))

    def test_an_include_against_the_arrow(self):
        self.assert_refused({"src/base/log.cpp": '\n #  include "net/worker.hpp"\n'}, "src/base/log.cpp:2", "of net")

    def test_neighbours_do_not_see_each_other(self):
        self.assert_refused({"src/mc/frame.cpp": '#include "net/worker.hpp"\n'}, "mc may not include")

    def test_a_feature_does_not_see_the_core(self):
        self.assert_refused({"src/core/world.hpp": "", "src/features/files/files.cpp": '#include "core/world.hpp"\n'},
                            "features may not include", "of core")

    def test_features_do_not_see_each_other(self):
        self.assert_refused({"src/features/docker/docker.cpp": '#include "features/files/files.hpp"\n'},
                            "feature docker", "another feature")

    def test_an_unknown_layer(self):
        self.assert_refused({"src/misc/stuff.hpp": ""}, "src/misc is not a layer")

    def test_too_many_files_with_beast_or_tls(self):
        heavy = ["<boost/beast/http.hpp>", "<openssl/ssl.h>", "<boost/asio/ssl.hpp>", "<boost/beast/core.hpp>"]
        files = {f"src/control/heavy{i}.cpp": f"#include {text}\n" for i, text in enumerate(heavy)}
        self.assert_refused(files, "4 source files")
        files.popitem()
        self.assertEqual(self.check(files), (0, ""))

    def test_beast_in_a_header(self):
        self.assert_refused({"src/control/http.hpp": "#include <boost/beast/http.hpp>\n"}, "a header includes")

    def test_a_header_that_others_see_reaches_asio(self):
        self.assert_refused({"src/control/resolver.hpp": '#include "control/loop.hpp"\n'},
                            "src/control/resolver.hpp", "control/loop.hpp > boost/asio")

    def test_the_sdk_reaches_asio(self):
        self.assert_refused({"include/drawbridge/plugin.hpp": "#include <boost/asio/io_context.hpp>\n"},
                            "include/drawbridge/plugin.hpp")

    def test_the_sdk_includes_our_sources(self):
        self.assert_refused({"include/drawbridge/plugin.hpp": '#include "base/log.hpp"\n'}, "plugins do not have")

    def test_an_empty_tree_is_no_success(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run([str(TOOL), folder], stdout=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    unittest.main()
