#ifndef TOOLGATE_CCONNECTORS_H
#define TOOLGATE_CCONNECTORS_H

#include <stddef.h>

/* The bytes of Connectors/NAME.yaml; they stay where they are for as long as the program runs. */
const unsigned char *toolgate_connector_kommo(size_t *count);
const unsigned char *toolgate_connector_bitrix24(size_t *count);

#endif
