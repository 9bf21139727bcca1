/* The serial link. */
#ifndef TEST_STREAM_H
#define TEST_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* Prints the packet of a frame. */
void stream_pack(const uint8_t *frame, size_t len);

/* Prints what a receiver with a buffer of `buffer_len` bytes says about a stream: frames and errors, in order. */
void stream_receive(const uint8_t *bytes, size_t len, size_t buffer_len);

#endif
