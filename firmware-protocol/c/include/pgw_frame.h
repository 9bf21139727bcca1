/* Frames: header, body, tag. */
#ifndef PGW_FRAME_H
#define PGW_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgw_error.h"
#include "pgw_key.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_MAGIC 0xC1u
#define PGW_VERSION 1u
#define PGW_HEADER_LEN 36u
/* Bytes of the longest tag that is made here. */
#define PGW_TAG_LEN_MAX 16u
/* Bytes that every frame with a body of at most so many bytes fits into: PGW_FRAME_LEN(PGW_TELEMETRY_LEN_MAX). */
#define PGW_FRAME_LEN(body_len_max) (PGW_HEADER_LEN + (body_len_max) + PGW_TAG_LEN_MAX)

/* Everything before the body, except its length. */
typedef struct pgw_header {
    uint8_t flags;                  /* must be understood; none is defined, so 0 */
    uint8_t suite;                  /* PGW_SUITE_...; set by sealing */
    uint8_t key_id;                 /* set by sealing, but for suite CRC-32C */
    uint8_t message_type;           /* PGW_MESSAGE_TYPE_...; set by sealing */
    uint8_t revision;               /* of the body, from 1; set by sealing */
    uint8_t device[PGW_DEVICE_LEN]; /* the sender; on the way down the addressee */
    uint32_t boot;                  /* boot counter, persisted, raised before the first send of a boot */
    uint32_t seq;                   /* number within the boot over all message types, from 1 */
    uint64_t uptime_ms;             /* ms since boot when the report was made, below 2^40 */
    uint64_t unix_ms;               /* ms since 1970-01-01T00:00:00Z when it was made, below 2^48; 0 = unknown */
    uint8_t time_quality;           /* how far to trust unix_ms: pgw_time_quality */
} pgw_header;

/* A frame whose form and tag were checked. Made by pgw_open only. */
typedef struct pgw_frame {
    pgw_header header;
    const uint8_t *body; /* within the bytes that were opened */
    size_t body_len;
} pgw_frame;

/* Checks the frame of `len` bytes: magic, version, flags, exact length, and the tag with the first of the keys that
 * is for its suite and key id. `frame` is set when PGW_OK is returned, and stands as long as the bytes do.
 *
 * Left to the caller: that header.device is its own, and that (boot, seq) was not seen before in this session. */
pgw_error pgw_open(const uint8_t *bytes, size_t len, const pgw_key *keys, size_t key_count, pgw_frame *frame);

/* Reads the header at the start of `bytes` and the body's length, without checking length and tag. */
pgw_error pgw_header_read(const uint8_t *bytes, size_t len, pgw_header *header, uint16_t *body_len);

/* Writes a header for a body of `body_len` bytes. */
pgw_error pgw_header_write(const pgw_header *header, uint16_t body_len, uint8_t out[PGW_HEADER_LEN]);

/* Whether the tag of a suite is made here, and its length in bytes. */
bool pgw_suite_tag_len(uint8_t suite, size_t *tag_len);

/* The header's byte for a clock set from `source` (PGW_TIME_SOURCE_...) that is wrong by at most `error_ms`. */
uint8_t pgw_time_quality(uint8_t source, uint32_t error_ms);

#ifdef __cplusplus
}
#endif

#endif
