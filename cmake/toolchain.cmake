# Compiler, warnings, sanitizers, linker: what holds for every target.

# GCC 12 and 13 silently miscompile some coroutines (docs/coroutines.md), so they are refused.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "GCC ${CMAKE_CXX_COMPILER_VERSION} miscompiles coroutines. "
                      "Use clang 19 (apt install clang-19) or GCC 14 or newer.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# No C++20 modules here; scanning for them would double the work of every compile.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

# Paths below the checkout count as relative, so that build folders and checkouts share what they compiled.
find_program(CCACHE ccache)
if(CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
endif()

# One set of warnings for all of our own code; a warning is an error, so that none is ever old news.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
                    -fno-omit-frame-pointer)

if(DRAWBRIDGE_PORTABLE)
  add_compile_definitions(DRAWBRIDGE_PORTABLE)  # base/machine.hpp
endif()

if(DRAWBRIDGE_SANITIZE)
  add_compile_options(-fsanitize=${DRAWBRIDGE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DRAWBRIDGE_SANITIZE})
  # UBSan's vptr check opens a pipe to see whether memory is readable, and so finds "invalid" objects in the test that
  # runs the program out of descriptors.
  add_compile_options(-fno-sanitize=vptr)
endif()

if(DRAWBRIDGE_FUZZ)
  # Coverage in all code that a target reaches; the targets themselves add the main() of libFuzzer.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
