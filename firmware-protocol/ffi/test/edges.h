/* What a mistake in firmware leads to at the edge of the static library. */
#ifndef TEST_EDGES_H
#define TEST_EDGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ends the program if it does not hold. */
void require(bool condition);

/* Goes through the mistakes, with a frame of an ack without a key: each is an error, none is an access. */
void edges(const uint8_t *bytes, size_t len);

#endif
