/* Derivation of keys: HKDF (RFC 5869) of one block, over HMAC-SHA256. */
#include "pgw_key.h"

#include <string.h>

#include "hmac_sha256.h"
#include "pgw_values.h"

void pgw_device_of(const char *id, uint8_t device[PGW_DEVICE_LEN]) {
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a, 64 bits */
    size_t len = strlen(id);
    int ascii = 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)id[i];
        ascii = ascii && byte < 0x80;
        hash = (hash ^ byte) * 0x100000001B3u;
    }
    if (len <= PGW_DEVICE_LEN && ascii) {
        memset(device, 0, PGW_DEVICE_LEN);
        memcpy(device, id, len);
        return;
    }
    hash |= 0x80; /* no ASCII id starts so */
    for (unsigned i = 0; i < PGW_DEVICE_LEN; i++) {
        device[i] = (uint8_t)(hash >> (8 * i));
    }
}

pgw_error pgw_key_derive(pgw_key *key, const uint8_t secret[PGW_SECRET_LEN], uint8_t suite, uint8_t key_id,
                         pgw_direction direction, const uint8_t device[PGW_DEVICE_LEN]) {
    static const char SALT[] = "patrol firmware-protocol 1";
    uint8_t pseudo_random_key[PGW_SHA256_LEN];
    uint8_t info[3 + PGW_DEVICE_LEN + 1];
    if (suite != PGW_SUITE_HMAC_SHA256_128 && suite != PGW_SUITE_HMAC_SHA256_64) {
        return PGW_ERROR_SUITE;
    }
    info[0] = (uint8_t)direction;
    info[1] = suite;
    info[2] = key_id;
    memcpy(info + 3, device, PGW_DEVICE_LEN);
    info[3 + PGW_DEVICE_LEN] = 1; /* the number of the block */

    pgw_hmac_sha256((const uint8_t *)SALT, sizeof SALT - 1, secret, PGW_SECRET_LEN, pseudo_random_key);
    key->suite = suite;
    key->key_id = key_id;
    pgw_hmac_sha256(pseudo_random_key, sizeof pseudo_random_key, info, sizeof info, key->bytes);
    return PGW_OK;
}

pgw_key pgw_key_crc32c(void) {
    pgw_key key = {PGW_SUITE_CRC32C, 0, {0}};
    return key;
}
