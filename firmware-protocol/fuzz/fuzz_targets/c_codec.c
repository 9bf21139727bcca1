/* What the fuzzer asks of the codec in C. */
#include "any_body.h"
#include "pgw_serial.h"

int c_reseal(const uint8_t *bytes, size_t len, uint8_t *out, size_t out_len, size_t *frame_len);
void c_receive(const uint8_t *stream, size_t len, uint8_t *buffer, size_t buffer_len, void *said,
               void (*say)(void *said, int error, const uint8_t *frame, size_t frame_len));

/* Opens and decodes a frame without a key and seals the same body again. */
int c_reseal(const uint8_t *bytes, size_t len, uint8_t *out, size_t out_len, size_t *frame_len) {
    const pgw_key key = pgw_key_crc32c();
    pgw_frame frame;
    any_body body;
    pgw_error error = pgw_open(bytes, len, &key, 1, &frame);
    if (error == PGW_OK) {
        error = any_decode(&frame, &body);
    }
    if (error == PGW_OK) {
        error = any_seal(&frame.header, &body, &key, out, out_len, frame_len);
    }
    return (int)error;
}

/* Gives a stream to a receiver; `say` hears what it says. */
void c_receive(const uint8_t *stream, size_t len, uint8_t *buffer, size_t buffer_len, void *said,
               void (*say)(void *said, int error, const uint8_t *frame, size_t frame_len)) {
    pgw_serial_receiver receiver;
    pgw_serial_start(&receiver, buffer, buffer_len);
    for (size_t i = 0; i < len; i++) {
        pgw_error error = PGW_OK;
        size_t frame_len = 0;
        if (pgw_serial_push(&receiver, stream[i], &error, &frame_len)) {
            say(said, (int)error, buffer, frame_len);
        }
    }
}
