#include "CConsole.h"

/* The files of /Console stand in the binary, so that one file is all there is to install.
   Each has its bytes here and its line in the table below. */
static const unsigned char index_html[] = {
#embed "../../../Console/index.html"
};

#define FILE_AT(path, bytes) {path, bytes, sizeof bytes}

static const struct toolgate_console_file files[] = {
    FILE_AT("/index.html", index_html),
};

const struct toolgate_console_file *toolgate_console_files(size_t *count) {
    *count = sizeof files / sizeof files[0];
    return files;
}
