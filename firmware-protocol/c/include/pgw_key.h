/* Keys: what makes a frame's tag and what checks it.
 *
 * A device and its gateway share a secret. From it a key is derived for each suite, key id, direction and device: a
 * frame can't be thrown back at its sender, and no device speaks for another. */
#ifndef PGW_KEY_H
#define PGW_KEY_H

#include <stdint.h>

#include "pgw_error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_SECRET_LEN 32u
#define PGW_DEVICE_LEN 8u

typedef enum pgw_direction {
    PGW_UP = 'u',  /* from the device to the gateway: what a device seals with */
    PGW_DOWN = 'd' /* from the gateway to the device: what a device opens with */
} pgw_direction;

/* Made by the functions below only. */
typedef struct pgw_key {
    uint8_t suite;
    uint8_t key_id;
    uint8_t bytes[PGW_SECRET_LEN];
} pgw_key;

/* The eight bytes that stand for a device's id in headers and keys. `id` is ended by a zero. */
void pgw_device_of(const char *id, uint8_t device[PGW_DEVICE_LEN]);

/* Derives the key for frames of `device`. The suite is PGW_SUITE_HMAC_SHA256_128 or PGW_SUITE_HMAC_SHA256_64, else
 * PGW_ERROR_SUITE. Eight blocks of SHA-256: do it once, when the device starts. */
pgw_error pgw_key_derive(pgw_key *key, const uint8_t secret[PGW_SECRET_LEN], uint8_t suite, uint8_t key_id,
                         pgw_direction direction, const uint8_t device[PGW_DEVICE_LEN]);

/* No key at all: suite CRC-32C, which finds damage and stops no forger. */
pgw_key pgw_key_crc32c(void);

#ifdef __cplusplus
}
#endif

#endif
