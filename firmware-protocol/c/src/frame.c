/* Making and opening frames. Nothing behind pgw_open ever sees a byte whose tag was not checked. */
#include "frame.h"

#include <string.h>

#include "crc32c.h"
#include "hmac_sha256.h"
#include "pgw_values.h"

bool pgw_suite_tag_len(uint8_t suite, size_t *tag_len) {
    switch (suite) {
    case PGW_SUITE_CRC32C:
        *tag_len = 4;
        return true;
    case PGW_SUITE_HMAC_SHA256_64:
        *tag_len = 8;
        return true;
    case PGW_SUITE_HMAC_SHA256_128:
        *tag_len = 16;
        return true;
    default:
        return false;
    }
}

/* The tag of `covered`, before it is cut to its suite's length. */
static void make_tag(const pgw_key *key, const uint8_t *covered, size_t len, uint8_t tag[PGW_SHA256_LEN]) {
    if (key->suite != PGW_SUITE_CRC32C) {
        pgw_hmac_sha256(key->bytes, sizeof key->bytes, covered, len, tag);
        return;
    }
    uint32_t crc = pgw_crc32c(PGW_CRC32C_START, covered, len);
    for (unsigned i = 0; i < 4; i++) {
        tag[i] = (uint8_t)(crc >> (8 * i));
    }
}

/* In a time that does not tell where they differ. */
static bool equal(const uint8_t *one, const uint8_t *other, size_t len) {
    volatile uint8_t difference = 0; /* volatile: no compiler may stop early */
    for (size_t i = 0; i < len; i++) {
        difference = (uint8_t)(difference | (one[i] ^ other[i]));
    }
    return difference == 0;
}

/* Suite CRC-32C has no keys to tell apart. */
static const pgw_key *key_for(const pgw_header *header, const pgw_key *keys, size_t key_count) {
    for (size_t i = 0; i < key_count; i++) {
        bool same_id = keys[i].key_id == header->key_id || header->suite == PGW_SUITE_CRC32C;
        if (keys[i].suite == header->suite && same_id) {
            return &keys[i];
        }
    }
    return NULL;
}

pgw_error pgw_open(const uint8_t *bytes, size_t len, const pgw_key *keys, size_t key_count, pgw_frame *frame) {
    pgw_header header;
    uint16_t body_len = 0;
    size_t tag_len = 0;
    uint8_t tag[PGW_SHA256_LEN];
    pgw_error error = pgw_header_read(bytes, len, &header, &body_len);
    if (error != PGW_OK) {
        return error;
    }
    if (!pgw_suite_tag_len(header.suite, &tag_len)) {
        return PGW_ERROR_SUITE;
    }
    size_t covered_len = PGW_HEADER_LEN + (size_t)body_len;
    if (len < covered_len || len - covered_len != tag_len) {
        return PGW_ERROR_LENGTH;
    }
    const pgw_key *key = key_for(&header, keys, key_count);
    if (key == NULL) {
        return PGW_ERROR_KEY;
    }
    make_tag(key, bytes, covered_len, tag);
    if (!equal(bytes + covered_len, tag, tag_len)) {
        return PGW_ERROR_TAG;
    }
    frame->header = header;
    frame->body = bytes + PGW_HEADER_LEN;
    frame->body_len = body_len;
    return PGW_OK;
}

pgw_writer pgw_seal_start(uint8_t *out, size_t out_len) {
    pgw_writer writer = {out, out_len, 0, PGW_OK};
    static const uint8_t ROOM[PGW_HEADER_LEN] = {0};
    pgw_write_raw(&writer, ROOM, sizeof ROOM);
    return writer;
}

pgw_error pgw_seal_finish(const pgw_writer *writer, const pgw_body *body, const pgw_header *header, const pgw_key *key,
                          size_t *frame_len) {
    pgw_header stamped = *header;
    size_t tag_len = 0;
    uint8_t tag[PGW_SHA256_LEN];
    if (writer->error != PGW_OK) {
        return writer->error;
    }
    if (!pgw_suite_tag_len(key->suite, &tag_len)) {
        return PGW_ERROR_SUITE;
    }
    stamped.message_type = body->message_type;
    stamped.revision = body->revision;
    stamped.suite = key->suite;
    if (key->suite != PGW_SUITE_CRC32C) {
        stamped.key_id = key->key_id;
    }
    /* Every body has a bound, and the largest, of an evidence chunk, is below 2^16. */
    pgw_error error = pgw_header_write(&stamped, (uint16_t)(writer->len - PGW_HEADER_LEN), writer->out);
    if (error != PGW_OK) {
        return error;
    }
    if (tag_len > writer->len_max - writer->len) {
        return PGW_ERROR_BUFFER;
    }
    make_tag(key, writer->out, writer->len, tag);
    memcpy(writer->out + writer->len, tag, tag_len);
    *frame_len = writer->len + tag_len;
    return PGW_OK;
}

/* A newer revision has at least our fields. */
static size_t min_len(const pgw_body *body, uint8_t revision) {
    uint8_t known = revision < body->revision ? revision : body->revision;
    return body->min_lens[known - 1];
}

pgw_reader pgw_decode_start(const pgw_frame *frame, const pgw_body *body) {
    uint8_t revision = frame->header.revision;
    pgw_reader reader = {frame->body, frame->body_len, 0, revision < body->revision, PGW_OK};
    if (frame->header.message_type != body->message_type) {
        reader.error = PGW_ERROR_MESSAGE_TYPE;
    } else if (revision == 0) {
        reader.error = PGW_ERROR_REVISION;
    } else if (frame->body_len < min_len(body, revision)) {
        reader.error = PGW_ERROR_BODY_SHORT;
    }
    return reader;
}

pgw_error pgw_decode_finish(pgw_reader *reader, const pgw_frame *frame, const pgw_body *body) {
    if (frame->header.revision <= body->revision && reader->at < reader->len) {
        pgw_reader_fail(reader, PGW_ERROR_BODY_LONG);
    }
    return reader->error;
}
