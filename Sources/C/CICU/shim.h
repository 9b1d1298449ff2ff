#ifndef TOOLGATE_CICU_SHIM_H
#define TOOLGATE_CICU_SHIM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <unicode/ucal.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#endif
