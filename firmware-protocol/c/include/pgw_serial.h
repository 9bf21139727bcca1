/* Frames over a serial link: COBS over the frame and its CRC-32C, ended by a zero byte, which is nowhere else.
 *
 * A sender starts with one zero byte after a reboot, so that the half packet before it costs nothing else. */
#ifndef PGW_SERIAL_H
#define PGW_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pgw_error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_SERIAL_CRC_LEN 4u
/* Bytes that the packet of a frame of `frame_len` bytes fits into. */
#define PGW_SERIAL_LEN(frame_len) ((frame_len) + 4u + ((frame_len) + 4u + 253u) / 254u + 1u)

/* Writes the packet of a frame to `out` and its length to `packet_len`. PGW_ERROR_EMPTY or PGW_ERROR_BUFFER. */
pgw_error pgw_serial_encode(const uint8_t *frame, size_t frame_len, uint8_t *out, size_t out_len, size_t *packet_len);

/* Finds frames in a stream. Started by pgw_serial_start; the fields are its own. */
typedef struct pgw_serial_receiver {
    uint8_t *buffer;
    size_t buffer_len;
    size_t len;       /* bytes of the packet so far, decoded */
    uint32_t crc;     /* of those */
    uint8_t left;     /* bytes before the next code */
    bool zero_behind; /* the next code also stands for a zero */
    bool in_packet;   /* a byte of the packet was seen */
    bool overlong;    /* it is longer than the buffer: nothing of it counts any more */
} pgw_serial_receiver;

/* Waits for the first packet, also from the middle of one. The buffer holds the longest frame that is taken and
 * PGW_SERIAL_CRC_LEN bytes, and stays with the receiver. */
void pgw_serial_start(pgw_serial_receiver *receiver, uint8_t *buffer, size_t buffer_len);

/* Takes the next byte of the stream: little work, and the same for each. true: a packet ended with it. Then `error`
 * says whether it was whole, and if so the frame is the first `frame_len` bytes of the buffer, until the next byte. */
bool pgw_serial_push(pgw_serial_receiver *receiver, uint8_t byte, pgw_error *error, size_t *frame_len);

#ifdef __cplusplus
}
#endif

#endif
