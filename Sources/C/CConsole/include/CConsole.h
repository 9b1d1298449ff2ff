#ifndef TOOLGATE_CCONSOLE_H
#define TOOLGATE_CCONSOLE_H

#include <stddef.h>

/* One file of the console: its path as it is served, `/` first, and its bytes. */
struct toolgate_console_file {
    const char *path;
    const unsigned char *bytes;
    size_t count;
};

/* The files; they stay where they are for as long as the program runs. */
const struct toolgate_console_file *toolgate_console_files(size_t *count);

#endif
