#include "CRE2.h"

#include <new>
#include <re2/re2.h>

struct toolgate_re2 {
    RE2 program;
    toolgate_re2(const re2::StringPiece &pattern, const RE2::Options &options) : program(pattern, options) {}
};

extern "C" toolgate_re2 *toolgate_re2_create(
    const uint8_t *pattern, size_t length, bool ignore_case, int64_t maximum_memory
) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_case_sensitive(!ignore_case);
    options.set_max_mem(maximum_memory);
    const re2::StringPiece source(reinterpret_cast<const char *>(pattern), length);
    return new (std::nothrow) toolgate_re2(source, options);
}

extern "C" const char *toolgate_re2_error(const toolgate_re2 *program) {
    return program->program.ok() ? nullptr : program->program.error().c_str();
}

extern "C" bool toolgate_re2_search(const toolgate_re2 *program, const uint8_t *text, size_t length) {
    const re2::StringPiece subject(reinterpret_cast<const char *>(text), length);
    return program->program.Match(subject, 0, length, RE2::UNANCHORED, nullptr, 0);
}

extern "C" void toolgate_re2_destroy(toolgate_re2 *program) { delete program; }
