// Runs a fuzz target over every file of a folder, in the order of their names: what fuzzing has
// found stays found in builds without libFuzzer. An empty or missing folder is a failure, because
// then nothing was tested.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  std::error_code error;
  std::set<std::filesystem::path> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error))
    if (entry.is_regular_file()) inputs.insert(entry.path());
  if (inputs.empty()) {
    std::fprintf(stderr, "%s holds no inputs\n", argv[1]);
    return 1;
  }
  for (const auto& path : inputs) {
    std::ifstream in(path, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) {
      std::fprintf(stderr, "%s cannot be read\n", path.c_str());
      return 1;
    }
    // Named before it runs, so that the last line before a crash says which input it was.
    std::printf("%s\n", path.filename().c_str());
    std::fflush(stdout);
    // An exact copy on the heap: AddressSanitizer sees a read of even one byte past the end.
    const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
  std::printf("%zu inputs\n", inputs.size());
  return 0;
}
