#include "CConnectors.h"

/* The files stand in the binary, so that one file is all there is to install. */
static const unsigned char kommo[] = {
#embed "../../../Connectors/kommo.yaml"
};
static const unsigned char bitrix24[] = {
#embed "../../../Connectors/bitrix24.yaml"
};

const unsigned char *toolgate_connector_kommo(size_t *count) {
    *count = sizeof kommo;
    return kommo;
}

const unsigned char *toolgate_connector_bitrix24(size_t *count) {
    *count = sizeof bitrix24;
    return bitrix24;
}
