#ifndef TOOLGATE_CYAML_SHIM_H
#define TOOLGATE_CYAML_SHIM_H
/* No _GNU_SOURCE: Swift's own Glibc module is built without it, and two views of one libc do not mix (fd_set, bind). */
#include <yaml.h>
#endif
