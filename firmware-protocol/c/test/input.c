#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t *exact_copy(const uint8_t *bytes, size_t len) {
    uint8_t *copy = malloc(len);
    if (copy == NULL && len > 0) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    return copy;
}

bool input_next(input *line) {
    static uint8_t buffer[1 << 17];
    unsigned byte = 0;
    size_t len = 0;
    if (scanf("%15s %15s", line->command, line->argument) != 2) {
        return false;
    }
    /* Digits in pairs, up to the line's end. */
    int next = getchar();
    while (next == ' ') {
        next = getchar();
    }
    ungetc(next, stdin);
    while (next != '\n' && scanf("%2x", &byte) == 1) {
        if (len == sizeof buffer) {
            abort();
        }
        buffer[len++] = (uint8_t)byte;
        next = getchar();
        ungetc(next, stdin);
    }
    line->bytes = exact_copy(buffer, len);
    line->len = len;
    return true;
}

void input_free(input *line) { free(line->bytes); }
