/* Message types 4, 5 and 6: photos and clips, in pieces that survive any outage. */
#include "pgw_evidence.h"

#include "frame.h"
#include "pgw_values.h"

static const uint8_t META_MIN_LENS[] = {55};
static const pgw_body META_BODY = {PGW_MESSAGE_TYPE_EVIDENCE_META, PGW_EVIDENCE_META_REVISION, META_MIN_LENS};

pgw_error pgw_evidence_meta_seal(const pgw_header *header, const pgw_evidence_meta *meta, const pgw_key *key,
                                 uint8_t *out, size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_record_ref(&writer, meta->evidence);
    pgw_write_record_ref(&writer, meta->incident);
    pgw_write_u8(&writer, meta->media);
    pgw_write_u8(&writer, meta->usage);
    pgw_write_varint(&writer, meta->size_bytes);
    pgw_write_u8(&writer, meta->chunk_size_log2);
    pgw_write_raw(&writer, meta->sha256, sizeof meta->sha256);
    pgw_write_varint(&writer, meta->age_ms);
    pgw_write_varint(&writer, meta->duration_ms);
    pgw_write_varint(&writer, meta->width_px);
    pgw_write_varint(&writer, meta->height_px);
    pgw_write_u8(&writer, meta->fix);
    pgw_write_degrees(&writer, meta->lat_e7);
    pgw_write_degrees(&writer, meta->lon_e7);
    pgw_write_varint(&writer, meta->accuracy_dm);
    pgw_write_varint(&writer, meta->fix_age_ms);
    return pgw_seal_finish(&writer, &META_BODY, header, key, frame_len);
}

pgw_error pgw_evidence_meta_decode(const pgw_frame *frame, pgw_evidence_meta *meta) {
    pgw_reader reader = pgw_decode_start(frame, &META_BODY);
    meta->evidence = pgw_read_record_ref(&reader);
    meta->incident = pgw_read_record_ref(&reader);
    meta->media = pgw_read_u8(&reader);
    meta->usage = pgw_read_u8(&reader);
    meta->size_bytes = pgw_read_u32(&reader);
    meta->chunk_size_log2 = pgw_read_u8(&reader);
    pgw_read_raw(&reader, meta->sha256, sizeof meta->sha256);
    meta->age_ms = pgw_read_u32(&reader);
    meta->duration_ms = pgw_read_u32(&reader);
    meta->width_px = pgw_read_u16(&reader);
    meta->height_px = pgw_read_u16(&reader);
    meta->fix = pgw_read_u8(&reader);
    meta->lat_e7 = pgw_read_degrees(&reader);
    meta->lon_e7 = pgw_read_degrees(&reader);
    meta->accuracy_dm = pgw_read_u16(&reader);
    meta->fix_age_ms = pgw_read_u32(&reader);
    return pgw_decode_finish(&reader, frame, &META_BODY);
}

static const uint8_t CHUNK_MIN_LENS[] = {4};
static const pgw_body CHUNK_BODY = {PGW_MESSAGE_TYPE_EVIDENCE_CHUNK, PGW_EVIDENCE_CHUNK_REVISION, CHUNK_MIN_LENS};

pgw_error pgw_evidence_chunk_seal(const pgw_header *header, const pgw_evidence_chunk *chunk, const pgw_key *key,
                                  uint8_t *out, size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_record_ref(&writer, chunk->evidence);
    pgw_write_varint(&writer, chunk->index);
    pgw_write_bytes(&writer, chunk->data, PGW_CHUNK_LEN_MAX);
    return pgw_seal_finish(&writer, &CHUNK_BODY, header, key, frame_len);
}

pgw_error pgw_evidence_chunk_decode(const pgw_frame *frame, pgw_evidence_chunk *chunk) {
    pgw_reader reader = pgw_decode_start(frame, &CHUNK_BODY);
    chunk->evidence = pgw_read_record_ref(&reader);
    chunk->index = pgw_read_u32(&reader);
    chunk->data = pgw_read_bytes(&reader, PGW_CHUNK_LEN_MAX);
    return pgw_decode_finish(&reader, frame, &CHUNK_BODY);
}

static const uint8_t WANT_MIN_LENS[] = {5};
static const pgw_body WANT_BODY = {PGW_MESSAGE_TYPE_EVIDENCE_WANT, PGW_EVIDENCE_WANT_REVISION, WANT_MIN_LENS};

pgw_error pgw_evidence_want_seal(const pgw_header *header, const pgw_evidence_want *want, const pgw_key *key,
                                 uint8_t *out, size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_record_ref(&writer, want->evidence);
    pgw_write_u8(&writer, want->state);
    pgw_write_varint(&writer, want->base_index);
    pgw_write_bytes(&writer, want->missing, PGW_WANT_BITMAP_LEN_MAX);
    return pgw_seal_finish(&writer, &WANT_BODY, header, key, frame_len);
}

pgw_error pgw_evidence_want_decode(const pgw_frame *frame, pgw_evidence_want *want) {
    pgw_reader reader = pgw_decode_start(frame, &WANT_BODY);
    want->evidence = pgw_read_record_ref(&reader);
    want->state = pgw_read_u8(&reader);
    want->base_index = pgw_read_u32(&reader);
    want->missing = pgw_read_bytes(&reader, PGW_WANT_BITMAP_LEN_MAX);
    return pgw_decode_finish(&reader, frame, &WANT_BODY);
}

uint32_t pgw_evidence_meta_chunks(const pgw_evidence_meta *meta) {
    if (meta->chunk_size_log2 < 6 || meta->chunk_size_log2 > 15) {
        return 0;
    }
    uint32_t whole = meta->size_bytes >> meta->chunk_size_log2;
    return whole + (whole << meta->chunk_size_log2 < meta->size_bytes ? 1 : 0);
}

bool pgw_evidence_want_lacks(const pgw_evidence_want *want, uint32_t index) {
    if (want->state != PGW_TRANSFER_STATE_WANTED || index < want->base_index) {
        return false;
    }
    uint32_t bit = index - want->base_index;
    return bit / 8 < want->missing.len && (want->missing.at[bit / 8] >> (bit % 8) & 1) != 0;
}
