/* UTF-8. */
#include "pgw_text.h"
#include "wire.h"

#include <string.h>

/* Bytes of the character that starts with `lead`, and the range of its second byte; 0 for no lead byte. The ranges shut
 * out longer forms than needed (E0, F0), surrogates (ED) and what lies above U+10FFFF (F4). */
static size_t character_len(uint8_t lead, uint8_t *second_min, uint8_t *second_max) {
    *second_min = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *second_max = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static bool continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

bool pgw_is_utf8(const uint8_t *bytes, size_t len) {
    size_t at = 0;
    while (at < len) {
        uint8_t second_min = 0, second_max = 0;
        size_t character = character_len(bytes[at], &second_min, &second_max);
        if (character == 0 || character > len - at) {
            return false;
        }
        if (character > 1 && (bytes[at + 1] < second_min || bytes[at + 1] > second_max)) {
            return false;
        }
        for (size_t i = 2; i < character; i++) {
            if (!continues(bytes[at + i])) {
                return false;
            }
        }
        at += character;
    }
    return true;
}

pgw_text pgw_text_of(const char *string) {
    pgw_text text = {string, strlen(string)};
    return text;
}

pgw_text pgw_text_truncated(pgw_text text, size_t len_max) {
    if (text.len > len_max) {
        text.len = len_max;
        while (text.len > 0 && continues((uint8_t)text.at[text.len])) {
            text.len--;
        }
    }
    return text;
}
