/* Reads what a test has to say: lines of two words and bytes in hexadecimal. */
#ifndef TEST_INPUT_H
#define TEST_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "COMMAND ARGUMENT HEX"; bytes are allocated to their exact length, so that a sanitizer sees one byte too many. */
typedef struct input {
    char command[16];
    char argument[16];
    uint8_t *bytes;
    size_t len;
} input;

/* The next line; false at the end of the input. */
bool input_next(input *line);
void input_free(input *line);

/* A copy of exactly `len` bytes. */
uint8_t *exact_copy(const uint8_t *bytes, size_t len);

#endif
