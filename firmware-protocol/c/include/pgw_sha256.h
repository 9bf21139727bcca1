/* SHA-256, the one part that a processor may have in hardware.
 *
 * To use that: leave src/sha256.c out, write the three functions below with it, and give the compiler a header with the
 * type pgw_sha256 in its place: -DPGW_SHA256_HEADER='"my_sha256.h"'. A hash is started, fed and finished before the
 * next one is started; it is never copied. */
#ifndef PGW_SHA256_H
#define PGW_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define PGW_SHA256_LEN 32u

#ifdef PGW_SHA256_HEADER
#include PGW_SHA256_HEADER
#else
typedef struct pgw_sha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far */
    uint8_t block[64];
} pgw_sha256;
#endif

#ifdef __cplusplus
extern "C" {
#endif

void pgw_sha256_start(pgw_sha256 *hash);

/* `bytes` may be NULL when `len` is 0. */
void pgw_sha256_update(pgw_sha256 *hash, const uint8_t *bytes, size_t len);

void pgw_sha256_finish(pgw_sha256 *hash, uint8_t digest[PGW_SHA256_LEN]);

#ifdef __cplusplus
}
#endif

#endif
