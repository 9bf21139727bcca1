/* What firmware asks of a body it received. */
#ifndef TEST_HELPERS_H
#define TEST_HELPERS_H

#include "any_body.h"

/* Prints "chunks" of a description, "lacks" of each chunk around a want's bitmap, "numbers" of the settings. */
void helpers_print(uint8_t message_type, const any_body *body);

/* Prints a text cut to at most `len_max` bytes. */
void helpers_cut(const uint8_t *text, size_t len, size_t len_max);

#endif
