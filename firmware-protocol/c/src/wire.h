/* How fields are written and read: what every body is made of.
 *
 * The first error of a reader or writer stays; from then on reads give 0 and writes do nothing. So a body is a plain
 * list of its fields, and the error is looked at once, at the end. */
#ifndef PGW_WIRE_H
#define PGW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgw_error.h"
#include "pgw_text.h"

typedef struct pgw_writer {
    uint8_t *out;
    size_t len_max;
    size_t len; /* written so far, at most len_max */
    pgw_error error;
} pgw_writer;

void pgw_write_u8(pgw_writer *writer, uint8_t value);
void pgw_write_raw(pgw_writer *writer, const uint8_t *bytes, size_t len);
/* Every unsigned integer of more than 8 bits, and lengths: 7 bits a byte, lowest first. */
void pgw_write_varint(pgw_writer *writer, uint64_t value);
/* i16 and i32: zigzag, then varint. */
void pgw_write_signed(pgw_writer *writer, int32_t value);
void pgw_write_degrees(pgw_writer *writer, int32_t degrees_e7);
void pgw_write_text(pgw_writer *writer, pgw_text text, size_t len_max);
void pgw_write_bytes(pgw_writer *writer, pgw_bytes bytes, size_t len_max);
/* The number of a list's elements. false: there are more than fit, or something failed before. */
bool pgw_write_count(pgw_writer *writer, size_t count, size_t count_max);
void pgw_write_record_ref(pgw_writer *writer, pgw_record_ref record);
void pgw_write_record_refs(pgw_writer *writer, const pgw_record_ref *records, size_t count, size_t count_max);

typedef struct pgw_reader {
    const uint8_t *bytes;
    size_t len;
    size_t at;             /* read so far, at most len */
    bool zeros_behind_end; /* an older body reads as 0 behind its end; else a missing field is an error */
    pgw_error error;
} pgw_reader;

void pgw_reader_fail(pgw_reader *reader, pgw_error error);
uint8_t pgw_read_u8(pgw_reader *reader);
int8_t pgw_read_i8(pgw_reader *reader);
void pgw_read_raw(pgw_reader *reader, uint8_t *out, size_t len);
uint16_t pgw_read_u16(pgw_reader *reader);
uint32_t pgw_read_u32(pgw_reader *reader);
uint64_t pgw_read_u64(pgw_reader *reader);
int16_t pgw_read_i16(pgw_reader *reader);
int32_t pgw_read_i32(pgw_reader *reader);
int32_t pgw_read_degrees(pgw_reader *reader);
pgw_text pgw_read_text(pgw_reader *reader, size_t len_max);
pgw_bytes pgw_read_bytes(pgw_reader *reader, size_t len_max);
/* A list: its number of elements, which may be anything; then each element is read and kept if it fits. */
uint64_t pgw_read_count(pgw_reader *reader);
/* Whether the element just read may be kept at `index`. One that does not fit is an error, like one not read. */
bool pgw_read_fits(pgw_reader *reader, size_t index, size_t count_max);
pgw_record_ref pgw_read_record_ref(pgw_reader *reader);
size_t pgw_read_record_refs(pgw_reader *reader, pgw_record_ref *records, size_t count_max);

/* Whether the bytes are UTF-8: the shortest form of each character, no surrogates, nothing above U+10FFFF. */
bool pgw_is_utf8(const uint8_t *bytes, size_t len);

#endif
