#ifndef TOOLGATE_CUV_SHIM_H
#define TOOLGATE_CUV_SHIM_H
/* No _GNU_SOURCE: Swift's own Glibc module is built without it, and two views of one libc do not mix (fd_set, bind). */
#include <uv.h>
#include "process.h"
#ifdef __linux__
#include <sys/prctl.h>
/* prctl is variadic, which Swift cannot call. */
static inline int toolgate_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
#else
static inline int toolgate_forbid_dumps(void) { return 0; }
#endif
#endif
