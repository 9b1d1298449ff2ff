#ifndef TOOLGATE_CRE2_H
#define TOOLGATE_CRE2_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled RE2 program. Immutable after creation and safe to share between threads.
typedef struct toolgate_re2 toolgate_re2;

/// Compiles `pattern`. Never returns NULL except when memory runs out; ask `toolgate_re2_error` whether it is usable.
/// `maximum_memory` bounds the compiled program and its automata, in bytes.
toolgate_re2 *toolgate_re2_create(const uint8_t *pattern, size_t length, bool ignore_case, int64_t maximum_memory);

/// The reason the pattern was refused, or NULL when it compiled. Lives as long as the program.
const char *toolgate_re2_error(const toolgate_re2 *program);

/// Whether the program matches anywhere in `text`. Linear in `length`.
bool toolgate_re2_search(const toolgate_re2 *program, const uint8_t *text, size_t length);

/// Frees the program.
void toolgate_re2_destroy(toolgate_re2 *program);

#ifdef __cplusplus
}
#endif
#endif
