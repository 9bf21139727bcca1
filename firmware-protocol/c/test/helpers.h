/* What firmware asks of a body it received. */
#ifndef TEST_HELPERS_H
#define TEST_HELPERS_H

#include "any_body.h"

/* Prints "chunks" of a description, "lacks" of each chunk around a want's bitmap, "numbers" of the settings. */
void helpers_print(uint8_t message_type, const any_body *body);

/* Prints which of the words of `word_len` bytes are UTF-8: a digit a word, 1 or 0. */
void helpers_utf8(const uint8_t *words, size_t len, size_t word_len);

/* Prints a text cut to at most `len_max` bytes. */
void helpers_cut(const uint8_t *text, size_t len, size_t len_max);

#endif
