#include "json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

static bool first = true;

static void start(const char *name) {
    if (!first) {
        putchar(',');
    }
    first = false;
    if (name != NULL) {
        printf("\"%s\":", name);
    }
}

void json_open(const char *name, char bracket) {
    start(name);
    putchar(bracket);
    first = true;
}

void json_close(char bracket) {
    putchar(bracket);
    first = false;
}

void json_signed(const char *name, int64_t value) {
    start(name);
    printf("%" PRId64, value);
}

void json_unsigned(const char *name, uint64_t value) {
    start(name);
    printf("%" PRIu64, value);
}

void json_text(const char *name, pgw_text text) {
    start(name);
    putchar('"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            printf("\\u%04x", (unsigned)byte);
        } else {
            putchar(byte);
        }
    }
    putchar('"');
}

void json_bytes(const char *name, const uint8_t *bytes, size_t len) {
    json_open(name, '[');
    for (size_t i = 0; i < len; i++) {
        json_unsigned(NULL, bytes[i]);
    }
    json_close(']');
}

void json_hex(const char *name, const uint8_t *bytes, size_t len) {
    start(name);
    putchar('"');
    for (size_t i = 0; i < len; i++) {
        printf("%02x", (unsigned)bytes[i]);
    }
    putchar('"');
}

void json_record(const char *name, pgw_record_ref record) {
    json_open(name, '{');
    json_unsigned("boot", record.boot);
    json_unsigned("seq", record.seq);
    json_close('}');
}

void json_records(const char *name, const pgw_record_ref *records, size_t count) {
    json_open(name, '[');
    for (size_t i = 0; i < count; i++) {
        json_record(NULL, records[i]);
    }
    json_close(']');
}

void json_line_end(void) {
    putchar('\n');
    fflush(stdout);
    first = true;
}
