// The embedded file. Its own translation unit, which is nothing else: whoever changes the tables
// compiles this one again.
#include "mc/registry_data.hpp"

asm(".pushsection .rodata\n"
    ".balign 16\n"
    "drawbridge_registry_tables:\n"
    ".incbin \"" DRAWBRIDGE_REGISTRY_TABLES
    "\"\n"
    "drawbridge_registry_tables_end:\n"
    ".globl drawbridge_registry_tables\n"
    ".globl drawbridge_registry_tables_end\n"
    ".popsection\n");

extern "C" {
extern const drawbridge::Byte drawbridge_registry_tables[];
extern const drawbridge::Byte drawbridge_registry_tables_end[];
}

namespace drawbridge::mc {

ByteView registry_data() {
  return {drawbridge_registry_tables, drawbridge_registry_tables_end};
}

}  // namespace drawbridge::mc
