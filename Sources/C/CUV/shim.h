#ifndef TOOLGATE_CUV_SHIM_H
#define TOOLGATE_CUV_SHIM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <uv.h>
#ifdef __linux__
#include <sys/prctl.h>
/* prctl is variadic, which Swift cannot call. */
static inline int toolgate_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
#else
static inline int toolgate_forbid_dumps(void) { return 0; }
#endif
#endif
