/* The 36 bytes in front of every body. */
#include <string.h>

#include "pgw_frame.h"
#include "pgw_values.h"

#define UPTIME_MS_LEN 5u
#define UNIX_MS_LEN 6u

static uint64_t little_endian(const uint8_t *bytes, unsigned len) {
    uint64_t value = 0;
    for (unsigned i = 0; i < len; i++) {
        value |= (uint64_t)bytes[i] << (8 * i);
    }
    return value;
}

static void put_little_endian(uint8_t *bytes, unsigned len, uint64_t value) {
    for (unsigned i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

pgw_error pgw_header_read(const uint8_t *bytes, size_t len, pgw_header *header, uint16_t *body_len) {
    if (len == 0) {
        return PGW_ERROR_SHORT;
    }
    if (bytes[0] != PGW_MAGIC) {
        return PGW_ERROR_MAGIC;
    }
    if (len < PGW_HEADER_LEN) {
        return PGW_ERROR_SHORT;
    }
    if (bytes[1] >> 4 != PGW_VERSION) {
        return PGW_ERROR_VERSION;
    }
    if ((bytes[1] & 0x0F) != 0) {
        return PGW_ERROR_FLAGS;
    }
    header->flags = 0;
    header->suite = bytes[2];
    header->key_id = bytes[3];
    header->message_type = bytes[4];
    header->revision = bytes[5];
    *body_len = (uint16_t)little_endian(bytes + 6, 2);
    memcpy(header->device, bytes + 8, PGW_DEVICE_LEN);
    header->boot = (uint32_t)little_endian(bytes + 16, 4);
    header->seq = (uint32_t)little_endian(bytes + 20, 4);
    header->uptime_ms = little_endian(bytes + 24, UPTIME_MS_LEN);
    header->unix_ms = little_endian(bytes + 29, UNIX_MS_LEN);
    header->time_quality = bytes[35];
    return PGW_OK;
}

pgw_error pgw_header_write(const pgw_header *header, uint16_t body_len, uint8_t out[PGW_HEADER_LEN]) {
    if (header->flags != 0) {
        return PGW_ERROR_FLAGS;
    }
    if (header->uptime_ms >> (8 * UPTIME_MS_LEN) != 0 || header->unix_ms >> (8 * UNIX_MS_LEN) != 0) {
        return PGW_ERROR_FIELD;
    }
    out[0] = PGW_MAGIC;
    out[1] = PGW_VERSION << 4;
    out[2] = header->suite;
    out[3] = header->key_id;
    out[4] = header->message_type;
    out[5] = header->revision;
    put_little_endian(out + 6, 2, body_len);
    memcpy(out + 8, header->device, PGW_DEVICE_LEN);
    put_little_endian(out + 16, 4, header->boot);
    put_little_endian(out + 20, 4, header->seq);
    put_little_endian(out + 24, UPTIME_MS_LEN, header->uptime_ms);
    put_little_endian(out + 29, UNIX_MS_LEN, header->unix_ms);
    out[35] = header->time_quality;
    return PGW_OK;
}

uint8_t pgw_time_quality(uint8_t source, uint32_t error_ms) {
    uint8_t low_nibble = source & 0x0F;
    for (unsigned step = 1; step <= 15; step++) {
        if (error_ms <= UINT32_C(1) << (2 * (step - 1))) {
            return (uint8_t)(step << 4 | low_nibble);
        }
    }
    return low_nibble; /* worse than any step says: unknown */
}
