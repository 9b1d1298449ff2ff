#ifndef TOOLGATE_CYAML_SHIM_H
#define TOOLGATE_CYAML_SHIM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <yaml.h>
#endif
