#ifndef TOOLGATE_CARGON2_SHIM_H
#define TOOLGATE_CARGON2_SHIM_H
/* No _GNU_SOURCE: Swift's own Glibc module is built without it, and two views of one libc do not mix (fd_set, bind). */
#include <argon2.h>
#endif
