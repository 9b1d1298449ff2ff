#ifndef TOOLGATE_CFUZZER_H
#define TOOLGATE_CFUZZER_H

#include <stddef.h>
#include <stdint.h>

// libFuzzer's driver without its main: SwiftPM renames the executable's main, so the runtime that brings its own cannot
// be linked. The toolchain's "no main" archive defines this function; scripts/fuzz passes it to the linker.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
