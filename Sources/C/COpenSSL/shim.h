#ifndef TOOLGATE_COPENSSL_SHIM_H
#define TOOLGATE_COPENSSL_SHIM_H
/* No _GNU_SOURCE: Swift's own Glibc module is built without it, and two views of one libc do not mix (fd_set, bind). */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif
