/* Reading fields. */
#include "wire.h"

#include <string.h>

void pgw_reader_fail(pgw_reader *reader, pgw_error error) {
    if (reader->error == PGW_OK) {
        reader->error = error;
    }
}

uint8_t pgw_read_u8(pgw_reader *reader) {
    if (reader->error != PGW_OK) {
        return 0;
    }
    if (reader->at < reader->len) {
        return reader->bytes[reader->at++];
    }
    if (!reader->zeros_behind_end) {
        pgw_reader_fail(reader, PGW_ERROR_ENDED);
    }
    return 0;
}

int8_t pgw_read_i8(pgw_reader *reader) {
    uint8_t bits = pgw_read_u8(reader);
    return (int8_t)(bits < 0x80 ? bits : (int)bits - 0x100);
}

void pgw_read_raw(pgw_reader *reader, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++) {
        out[i] = pgw_read_u8(reader);
    }
}

/* An unsigned integer of `bits` bits: 7 bits a byte, lowest first. Zeros at its top end are no error. */
static uint64_t read_varint(pgw_reader *reader, unsigned bits) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = pgw_read_u8(reader);
        uint64_t payload = byte & 0x7F;
        if (bits - shift < 7 && payload >> (bits - shift) != 0) {
            break;
        }
        value |= payload << shift;
        if (byte < 0x80) {
            return reader->error == PGW_OK ? value : 0;
        }
    }
    pgw_reader_fail(reader, PGW_ERROR_NUMBER);
    return 0;
}

uint16_t pgw_read_u16(pgw_reader *reader) { return (uint16_t)read_varint(reader, 16); }

uint32_t pgw_read_u32(pgw_reader *reader) { return (uint32_t)read_varint(reader, 32); }

uint64_t pgw_read_u64(pgw_reader *reader) { return read_varint(reader, 64); }

uint64_t pgw_read_count(pgw_reader *reader) { return pgw_read_u64(reader); }

/* Two's complement, without leaving it to the compiler what a conversion out of range gives. */
static int32_t twos_complement(uint32_t bits) {
    return bits <= INT32_MAX ? (int32_t)bits : -(int32_t)~bits - 1;
}

static int32_t zigzag(uint32_t number) {
    uint32_t sign = (number & 1) != 0 ? UINT32_MAX : 0;
    return twos_complement((number >> 1) ^ sign);
}

int16_t pgw_read_i16(pgw_reader *reader) { return (int16_t)zigzag(pgw_read_u16(reader)); }

int32_t pgw_read_i32(pgw_reader *reader) { return zigzag(pgw_read_u32(reader)); }

int32_t pgw_read_degrees(pgw_reader *reader) {
    uint32_t bits = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bits |= (uint32_t)pgw_read_u8(reader) << shift;
    }
    return twos_complement(bits);
}

/* The next bytes as they are, without copying them. A field of none may also stand behind an older body's end. */
static pgw_bytes take(pgw_reader *reader) {
    pgw_bytes taken = {NULL, 0};
    uint64_t len = pgw_read_u64(reader);
    if (len > reader->len - reader->at) {
        pgw_reader_fail(reader, PGW_ERROR_ENDED);
    }
    if (reader->error == PGW_OK && len > 0) {
        taken.at = reader->bytes + reader->at;
        taken.len = (size_t)len;
        reader->at += taken.len;
    }
    return taken;
}

static pgw_bytes at_most(pgw_reader *reader, pgw_bytes bytes, size_t len_max) {
    if (bytes.len > len_max) {
        pgw_reader_fail(reader, PGW_ERROR_CAPACITY);
    }
    pgw_bytes none = {NULL, 0};
    return reader->error == PGW_OK ? bytes : none;
}

pgw_bytes pgw_read_bytes(pgw_reader *reader, size_t len_max) { return at_most(reader, take(reader), len_max); }

pgw_text pgw_read_text(pgw_reader *reader, size_t len_max) {
    pgw_bytes bytes = take(reader);
    if (!pgw_is_utf8(bytes.at, bytes.len)) {
        pgw_reader_fail(reader, PGW_ERROR_UTF8);
    }
    bytes = at_most(reader, bytes, len_max);
    pgw_text text = {(const char *)bytes.at, bytes.len};
    return text;
}

bool pgw_read_fits(pgw_reader *reader, size_t index, size_t count_max) {
    if (index >= count_max) {
        pgw_reader_fail(reader, PGW_ERROR_CAPACITY);
    }
    return reader->error == PGW_OK;
}

pgw_record_ref pgw_read_record_ref(pgw_reader *reader) {
    pgw_record_ref record;
    record.boot = pgw_read_u32(reader);
    record.seq = pgw_read_u32(reader);
    return record;
}

size_t pgw_read_record_refs(pgw_reader *reader, pgw_record_ref *records, size_t count_max) {
    size_t count = 0;
    for (uint64_t left = pgw_read_count(reader); left > 0; left--) {
        pgw_record_ref record = pgw_read_record_ref(reader);
        if (!pgw_read_fits(reader, count, count_max)) {
            break;
        }
        records[count++] = record;
    }
    return count;
}
