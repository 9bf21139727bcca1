/* HMAC-SHA256 (RFC 2104). */
#ifndef PGW_HMAC_SHA256_H
#define PGW_HMAC_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "pgw_sha256.h"

/* The MAC of `message` with a key of at most 64 bytes. `mac` may be where key or message are. */
void pgw_hmac_sha256(const uint8_t *key, size_t key_len, const uint8_t *message, size_t len,
                     uint8_t mac[PGW_SHA256_LEN]);

#endif
