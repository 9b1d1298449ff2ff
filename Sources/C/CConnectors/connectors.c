#include "CConnectors.h"

/* The files stand in the binary, so that one file is all there is to install. #embed is of C23, which this compiler knows in
   every version of the language and warns of. */
#pragma clang diagnostic ignored "-Wc23-extensions"
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
