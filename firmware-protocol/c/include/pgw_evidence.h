/* Message types 4, 5 and 6: photos and clips, in pieces that survive any outage.
 *
 * The device describes the file (meta), the gateway answers which pieces it lacks (want), the device sends those
 * (chunk) and its description again, until the gateway says that the file is complete. Only then may the device delete
 * it. */
#ifndef PGW_EVIDENCE_H
#define PGW_EVIDENCE_H

#include "pgw_frame.h"
#include "pgw_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_EVIDENCE_META_REVISION 1u
#define PGW_EVIDENCE_CHUNK_REVISION 1u
#define PGW_EVIDENCE_WANT_REVISION 1u
#define PGW_CHUNK_LEN_MAX 32768u
/* Of a want: 256 chunks. */
#define PGW_WANT_BITMAP_LEN_MAX 32u

/* The description of a photo or clip. */
typedef struct pgw_evidence_meta {
    pgw_record_ref evidence; /* names the file for ever; (0, 0) is refused */
    pgw_record_ref incident; /* the incident it belongs to; (0, 0) = absent */
    uint8_t media;           /* PGW_MEDIA_TYPE_... */
    uint8_t usage;           /* PGW_EVIDENCE_USAGE_... */
    uint32_t size_bytes;     /* of the file, from 1; 0 is refused */
    uint8_t chunk_size_log2; /* 6..=15; 12 = chunks of 4096 bytes, the last one may be shorter */
    uint8_t sha256[32];      /* of the whole file */
    /* how long before the frame's time it was taken (a clip: began); 0 = at the frame's time */
    uint32_t age_ms;
    uint32_t duration_ms;    /* of a clip; 0 = absent, or a photo */
    uint16_t width_px;       /* 0 = absent */
    uint16_t height_px;      /* 0 = absent */
    uint8_t fix;             /* PGW_FIX_TYPE_...; NONE = no position */
    int32_t lat_e7;          /* latitude, 1e-7 degrees north; absent without a fix */
    int32_t lon_e7;          /* longitude, 1e-7 degrees east; absent without a fix */
    uint16_t accuracy_dm;    /* radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent */
    uint32_t fix_age_ms;     /* age of the fix at the frame's time, ms; 0 = absent, a fresh fix says 1 */
} pgw_evidence_meta;

/* A piece of a photo or clip. */
typedef struct pgw_evidence_chunk {
    pgw_record_ref evidence; /* the file, as its description names it */
    uint32_t index;          /* which piece, from 0; its first byte is at `index` times the chunk size */
    pgw_bytes data;          /* as many as the description says, at most PGW_CHUNK_LEN_MAX */
} pgw_evidence_chunk;

/* What a gateway lacks of a photo or clip (down). */
typedef struct pgw_evidence_want {
    pgw_record_ref evidence; /* the file, as its description names it */
    uint8_t state;           /* PGW_TRANSFER_STATE_... */
    uint32_t base_index;     /* the chunk of the bitmap's first bit; 0 unless the state is WANTED */
    pgw_bytes missing;       /* a bit a chunk, lowest bit first, 1 = lacking; read it with pgw_evidence_want_lacks */
} pgw_evidence_want;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_evidence_meta_seal(const pgw_header *header, const pgw_evidence_meta *meta, const pgw_key *key,
                                 uint8_t *out, size_t out_len, size_t *frame_len);
pgw_error pgw_evidence_meta_decode(const pgw_frame *frame, pgw_evidence_meta *meta);

pgw_error pgw_evidence_chunk_seal(const pgw_header *header, const pgw_evidence_chunk *chunk, const pgw_key *key,
                                  uint8_t *out, size_t out_len, size_t *frame_len);
pgw_error pgw_evidence_chunk_decode(const pgw_frame *frame, pgw_evidence_chunk *chunk);

pgw_error pgw_evidence_want_seal(const pgw_header *header, const pgw_evidence_want *want, const pgw_key *key,
                                 uint8_t *out, size_t out_len, size_t *frame_len);
pgw_error pgw_evidence_want_decode(const pgw_frame *frame, pgw_evidence_want *want);

/* Chunks of a file; 0 for a chunk size that is not allowed. */
uint32_t pgw_evidence_meta_chunks(const pgw_evidence_meta *meta);

/* Whether the gateway lacks a chunk, as far as this answer tells. */
bool pgw_evidence_want_lacks(const pgw_evidence_want *want, uint32_t index);

#ifdef __cplusplus
}
#endif

#endif
