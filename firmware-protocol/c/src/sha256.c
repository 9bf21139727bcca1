/* SHA-256 (FIPS 180-4), small rather than fast. Who has it in hardware leaves this file out: see pgw_sha256.h. */
#include "pgw_sha256.h"

#include <string.h>

#define BLOCK_LEN 64u
/* Where the last block's bit count stands. */
#define COUNT_AT 56u

static const uint32_t ROUND[64] = {
    0x428a2f98u, 0x71374491u, 0xb5c0fbcfu, 0xe9b5dba5u, 0x3956c25bu, 0x59f111f1u, 0x923f82a4u, 0xab1c5ed5u,
    0xd807aa98u, 0x12835b01u, 0x243185beu, 0x550c7dc3u, 0x72be5d74u, 0x80deb1feu, 0x9bdc06a7u, 0xc19bf174u,
    0xe49b69c1u, 0xefbe4786u, 0x0fc19dc6u, 0x240ca1ccu, 0x2de92c6fu, 0x4a7484aau, 0x5cb0a9dcu, 0x76f988dau,
    0x983e5152u, 0xa831c66du, 0xb00327c8u, 0xbf597fc7u, 0xc6e00bf3u, 0xd5a79147u, 0x06ca6351u, 0x14292967u,
    0x27b70a85u, 0x2e1b2138u, 0x4d2c6dfcu, 0x53380d13u, 0x650a7354u, 0x766a0abbu, 0x81c2c92eu, 0x92722c85u,
    0xa2bfe8a1u, 0xa81a664bu, 0xc24b8b70u, 0xc76c51a3u, 0xd192e819u, 0xd6990624u, 0xf40e3585u, 0x106aa070u,
    0x19a4c116u, 0x1e376c08u, 0x2748774cu, 0x34b0bcb5u, 0x391c0cb3u, 0x4ed8aa4au, 0x5b9cca4fu, 0x682e6ff3u,
    0x748f82eeu, 0x78a5636fu, 0x84c87814u, 0x8cc70208u, 0x90befffau, 0xa4506cebu, 0xbef9a3f7u, 0xc67178f2u,
};

static uint32_t rotated(uint32_t word, unsigned by) { return (word >> by) | (word << (32u - by)); }

static uint32_t word_at(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
}

static void put_word(uint8_t *bytes, uint32_t word) {
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(word >> (24u - 8u * i));
    }
}

/* The next word of the schedule, in a ring of the last 16. */
static uint32_t scheduled(uint32_t w[16], unsigned t) {
    uint32_t before_15 = w[(t + 1) & 15], before_2 = w[(t + 14) & 15];
    uint32_t s0 = rotated(before_15, 7) ^ rotated(before_15, 18) ^ (before_15 >> 3);
    uint32_t s1 = rotated(before_2, 17) ^ rotated(before_2, 19) ^ (before_2 >> 10);
    w[t & 15] += s0 + w[(t + 9) & 15] + s1;
    return w[t & 15];
}

static void compress(uint32_t state[8], const uint8_t block[BLOCK_LEN]) {
    uint32_t w[16], v[8]; /* v: the working variables a to h */
    for (unsigned t = 0; t < 16; t++) {
        w[t] = word_at(block + 4 * t);
    }
    memcpy(v, state, sizeof v);
    for (unsigned t = 0; t < 64; t++) {
        uint32_t word = t < 16 ? w[t] : scheduled(w, t);
        uint32_t s1 = rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25);
        uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + s1 + choice + ROUND[t] + word;
        uint32_t s0 = rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + s0 + majority;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

void pgw_sha256_start(pgw_sha256 *hash) {
    static const uint32_t START[8] = {
        0x6a09e667u, 0xbb67ae85u, 0x3c6ef372u, 0xa54ff53au, 0x510e527fu, 0x9b05688cu, 0x1f83d9abu, 0x5be0cd19u,
    };
    memcpy(hash->state, START, sizeof START);
    hash->len = 0;
}

void pgw_sha256_update(pgw_sha256 *hash, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        size_t at = (size_t)(hash->len % BLOCK_LEN);
        hash->block[at] = bytes[i];
        hash->len++;
        if (at == BLOCK_LEN - 1) {
            compress(hash->state, hash->block);
        }
    }
}

void pgw_sha256_finish(pgw_sha256 *hash, uint8_t digest[PGW_SHA256_LEN]) {
    static const uint8_t ONE_BIT = 0x80, ZEROS = 0;
    uint64_t bits = hash->len * 8;
    pgw_sha256_update(hash, &ONE_BIT, 1);
    while (hash->len % BLOCK_LEN != COUNT_AT) {
        pgw_sha256_update(hash, &ZEROS, 1);
    }
    uint8_t count[8];
    put_word(count, (uint32_t)(bits >> 32));
    put_word(count + 4, (uint32_t)bits);
    pgw_sha256_update(hash, count, sizeof count);
    for (unsigned i = 0; i < 8; i++) {
        put_word(digest + 4 * i, hash->state[i]);
    }
}
