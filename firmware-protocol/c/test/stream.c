#include "stream.h"

#include <stdlib.h>

#include "input.h"
#include "json.h"
#include "pgw_serial.h"

void stream_pack(const uint8_t *frame, size_t len) {
    size_t packet_len = 0, unused = 0;
    size_t len_max = PGW_SERIAL_LEN(len);
    uint8_t *packet = malloc(len_max);
    if (packet == NULL) {
        abort();
    }
    pgw_error error = pgw_serial_encode(frame, len, packet, len_max, &packet_len);
    if (error == PGW_OK) {
        json_hex("packet", packet, packet_len);
    } else {
        json_signed("error", error);
    }
    for (size_t shorter = 0; shorter < packet_len; shorter++) {
        uint8_t *exact = exact_copy(packet, shorter);
        if (pgw_serial_encode(frame, len, exact, shorter, &unused) != PGW_ERROR_BUFFER) {
            json_unsigned("written_to_a_shorter_output", shorter);
        }
        free(exact);
    }
    free(packet);
}

void stream_receive(const uint8_t *bytes, size_t len, size_t buffer_len) {
    uint8_t *buffer = malloc(buffer_len);
    pgw_serial_receiver receiver;
    if (buffer == NULL) {
        abort();
    }
    pgw_serial_start(&receiver, buffer, buffer_len);
    json_open("received", '[');
    for (size_t i = 0; i < len; i++) {
        pgw_error error = PGW_OK;
        size_t frame_len = 0;
        if (!pgw_serial_push(&receiver, bytes[i], &error, &frame_len)) {
            continue;
        }
        if (error == PGW_OK) {
            json_hex(NULL, buffer, frame_len);
        } else {
            json_signed(NULL, error);
        }
    }
    json_close(']');
    free(buffer);
}
