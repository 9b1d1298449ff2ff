#ifndef TOOLGATE_CUV_SHIM_H
#define TOOLGATE_CUV_SHIM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <uv.h>
#endif
