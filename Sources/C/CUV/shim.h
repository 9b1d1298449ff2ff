#ifndef TOOLGATE_CUV_SHIM_H
#define TOOLGATE_CUV_SHIM_H
/* No _GNU_SOURCE: Swift's own Glibc module is built without it, and two views of one libc do not mix (fd_set, bind). */
#include <uv.h>
#include "process.h"
#ifdef __GLIBC__
#include <malloc.h>
/* Blocks of `large` bytes and more are given back when they are freed; the heap's end when `spare` of it is free. */
static inline void toolgate_give_memory_back(int large, int spare) {
    mallopt(M_MMAP_THRESHOLD, large);
    mallopt(M_TRIM_THRESHOLD, spare);
}
#else
static inline void toolgate_give_memory_back(int large, int spare) { (void)large; (void)spare; }
#endif
#ifdef __linux__
#include <sys/prctl.h>
/* prctl is variadic, which Swift cannot call. */
static inline int toolgate_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
#else
static inline int toolgate_forbid_dumps(void) { return 0; }
#endif
#endif
