/* Writing fields. */
#include "wire.h"

#include <string.h>

static void fail(pgw_writer *writer, pgw_error error) {
    if (writer->error == PGW_OK) {
        writer->error = error;
    }
}

void pgw_write_u8(pgw_writer *writer, uint8_t value) { pgw_write_raw(writer, &value, 1); }

void pgw_write_raw(pgw_writer *writer, const uint8_t *bytes, size_t len) {
    if (len > writer->len_max - writer->len) {
        fail(writer, PGW_ERROR_BUFFER);
    }
    if (writer->error == PGW_OK && len > 0) {
        memcpy(writer->out + writer->len, bytes, len);
        writer->len += len;
    }
}

void pgw_write_varint(pgw_writer *writer, uint64_t value) {
    while (value > 0x7F) {
        pgw_write_u8(writer, (uint8_t)(0x80 | (value & 0x7F)));
        value >>= 7;
    }
    pgw_write_u8(writer, (uint8_t)value);
}

void pgw_write_signed(pgw_writer *writer, int32_t value) {
    uint32_t sign = value < 0 ? UINT32_MAX : 0;
    pgw_write_varint(writer, ((uint32_t)value << 1) ^ sign);
}

void pgw_write_degrees(pgw_writer *writer, int32_t degrees_e7) {
    uint32_t bits = (uint32_t)degrees_e7;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        pgw_write_u8(writer, (uint8_t)(bits >> shift));
    }
}

bool pgw_write_count(pgw_writer *writer, size_t count, size_t count_max) {
    if (count > count_max) {
        fail(writer, PGW_ERROR_CAPACITY);
    }
    pgw_write_varint(writer, count);
    return writer->error == PGW_OK;
}

void pgw_write_bytes(pgw_writer *writer, pgw_bytes bytes, size_t len_max) {
    if (pgw_write_count(writer, bytes.len, len_max)) {
        pgw_write_raw(writer, bytes.at, bytes.len);
    }
}

void pgw_write_text(pgw_writer *writer, pgw_text text, size_t len_max) {
    pgw_bytes bytes = {(const uint8_t *)text.at, text.len};
    if (text.len <= len_max && !pgw_is_utf8(bytes.at, bytes.len)) {
        fail(writer, PGW_ERROR_UTF8);
    }
    pgw_write_bytes(writer, bytes, len_max);
}

void pgw_write_record_ref(pgw_writer *writer, pgw_record_ref record) {
    pgw_write_varint(writer, record.boot);
    pgw_write_varint(writer, record.seq);
}

void pgw_write_record_refs(pgw_writer *writer, const pgw_record_ref *records, size_t count, size_t count_max) {
    if (!pgw_write_count(writer, count, count_max)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        pgw_write_record_ref(writer, records[i]);
    }
}
