#include "sweep.h"

#include <stdlib.h>
#include <string.h>

#include "any_body.h"
#include "input.h"
#include "json.h"

#define LONG_LEN 1024u
/* Of a long body: every field before its bytes, and the end of those. */
#define PLACES_AT_START 20u
#define PLACES_AT_END 2u

/* Whether this place of something `len` long is looked at. */
static bool looked_at(size_t place, size_t len) {
    return len <= LONG_LEN || place < PLACES_AT_START || len - place <= PLACES_AT_END;
}

/* FNV-1a, 64 bits. */
static uint64_t hashed(uint64_t hash, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    }
    return hash;
}

static uint64_t opened(const uint8_t *bytes, size_t len, const pgw_key keys[KEYS]) {
    pgw_frame frame;
    uint8_t *exact = exact_copy(bytes, len);
    bool open = pgw_open(exact, len, keys, KEYS, &frame) == PGW_OK;
    free(exact);
    return open ? 1 : 0;
}

static uint64_t accepted(uint8_t *bytes, size_t len, const pgw_key keys[KEYS]) {
    uint64_t count = 0;
    for (size_t place = 0; place < len; place++) {
        if (!looked_at(place, len)) {
            continue;
        }
        count += opened(bytes, place, keys);
        uint8_t right = bytes[place];
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[place] = (uint8_t)(right ^ (1u << bit));
            count += opened(bytes, len, keys);
        }
        bytes[place] = right;
    }
    return count;
}

/* Decodes an exact copy of the body; adds the body sealed again to the hash. */
static pgw_error verdict(const pgw_header *header, const uint8_t *body, size_t len, uint64_t *hash) {
    static uint8_t out[1 << 17];
    uint8_t *exact = exact_copy(body, len);
    pgw_frame frame = {*header, exact, len};
    pgw_key key = pgw_key_crc32c();
    any_body decoded;
    size_t out_len = 0;
    pgw_error error = any_decode(&frame, &decoded);
    uint8_t code = (uint8_t)error;
    *hash = hashed(*hash, &code, 1);
    if (error == PGW_OK && any_seal(header, &decoded, &key, out, sizeof out, &out_len) == PGW_OK) {
        *hash = hashed(*hash, out, out_len);
    }
    free(exact);
    return error;
}

static void cuts(const pgw_frame *frame) {
    uint64_t hash = 0;
    json_open("cuts", '[');
    for (size_t len = 0; len < frame->body_len; len++) {
        if (looked_at(len, frame->body_len)) {
            json_signed(NULL, verdict(&frame->header, frame->body, len, &hash));
        }
    }
    json_close(']');
}

static void changes(const pgw_frame *frame) {
    uint8_t *changed = exact_copy(frame->body, frame->body_len);
    json_open("changes", '[');
    for (size_t place = 0; place < frame->body_len; place++) {
        if (!looked_at(place, frame->body_len)) {
            continue;
        }
        uint64_t hash = 0;
        for (unsigned change = 1; change < 256; change++) {
            changed[place] = (uint8_t)(frame->body[place] ^ change);
            verdict(&frame->header, changed, frame->body_len, &hash);
        }
        changed[place] = frame->body[place];
        json_unsigned(NULL, hash);
    }
    json_close(']');
    free(changed);
}

void sweep(const uint8_t *bytes, size_t len, const pgw_key keys[KEYS]) {
    pgw_frame frame;
    uint8_t *copy = exact_copy(bytes, len);
    if (pgw_open(copy, len, keys, KEYS, &frame) != PGW_OK) {
        abort();
    }
    cuts(&frame);
    changes(&frame);
    json_unsigned("accepted", accepted(copy, len, keys));
    free(copy);
}
