/* Writes one object of JSON a line to standard output. */
#ifndef TEST_JSON_H
#define TEST_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "pgw_text.h"

void json_open(const char *name, char bracket); /* name NULL: an element of a list */
void json_close(char bracket);
void json_signed(const char *name, int64_t value);
void json_unsigned(const char *name, uint64_t value);
void json_text(const char *name, pgw_text text);
void json_bytes(const char *name, const uint8_t *bytes, size_t len);
void json_hex(const char *name, const uint8_t *bytes, size_t len);
void json_record(const char *name, pgw_record_ref record);
void json_records(const char *name, const pgw_record_ref *records, size_t count);
void json_line_end(void);

#endif
