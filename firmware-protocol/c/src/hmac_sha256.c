/* HMAC-SHA256: the hash of the key's outer block and the hash of its inner block and the message. */
#include "hmac_sha256.h"

#define BLOCK_LEN 64u

/* Starts a hash with the key's block, each byte changed by `pad`. */
static void start_with_key(pgw_sha256 *hash, const uint8_t *key, size_t key_len, uint8_t pad) {
    uint8_t block[BLOCK_LEN];
    for (size_t i = 0; i < BLOCK_LEN; i++) {
        block[i] = (uint8_t)((i < key_len ? key[i] : 0) ^ pad);
    }
    pgw_sha256_start(hash);
    pgw_sha256_update(hash, block, sizeof block);
}

void pgw_hmac_sha256(const uint8_t *key, size_t key_len, const uint8_t *message, size_t len,
                     uint8_t mac[PGW_SHA256_LEN]) {
    pgw_sha256 hash;
    uint8_t inner[PGW_SHA256_LEN];
    start_with_key(&hash, key, key_len, 0x36);
    pgw_sha256_update(&hash, message, len);
    pgw_sha256_finish(&hash, inner);
    start_with_key(&hash, key, key_len, 0x5C);
    pgw_sha256_update(&hash, inner, sizeof inner);
    pgw_sha256_finish(&hash, mac);
}
