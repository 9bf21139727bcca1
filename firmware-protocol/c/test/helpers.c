#include "helpers.h"

#include <stdlib.h>

#include "input.h"
#include "json.h"
#include "wire.h"

static void print_lacks(const pgw_evidence_want *want) {
    json_open("lacks", '[');
    uint64_t base = want->base_index, from = base < 2 ? 0 : base - 2;
    for (uint64_t index = from; index < base + 8 * want->missing.len + 2; index++) {
        if (index <= UINT32_MAX && pgw_evidence_want_lacks(want, (uint32_t)index)) {
            json_unsigned(NULL, index);
        }
    }
    json_close(']');
}

static void print_numbers(const pgw_config *config) {
    json_open("numbers", '[');
    for (size_t i = 0; i < config->settings_count; i++) {
        uint32_t number = 0;
        json_signed(NULL, pgw_setting_number(&config->settings[i], &number) ? (int64_t)number : -1);
    }
    json_close(']');
}

void helpers_print(uint8_t message_type, const any_body *body) {
    switch (message_type) {
    case PGW_MESSAGE_TYPE_EVIDENCE_META:
        json_unsigned("chunks", pgw_evidence_meta_chunks(&body->evidence_meta));
        break;
    case PGW_MESSAGE_TYPE_EVIDENCE_WANT:
        print_lacks(&body->evidence_want);
        break;
    case PGW_MESSAGE_TYPE_CONFIG:
        print_numbers(&body->config);
        break;
    }
}

void helpers_utf8(const uint8_t *words, size_t len, size_t word_len) {
    static char digits[1 << 17];
    size_t count = 0;
    for (size_t at = 0; at + word_len <= len; at += word_len) {
        uint8_t *exact = exact_copy(words + at, word_len);
        digits[count++] = pgw_is_utf8(exact, word_len) ? '1' : '0';
        free(exact);
    }
    pgw_text text = {digits, count};
    json_text("utf8", text);
}

void helpers_cut(const uint8_t *text, size_t len, size_t len_max) {
    pgw_text whole = {(const char *)text, len};
    json_text("cut", pgw_text_truncated(whole, len_max));
}
