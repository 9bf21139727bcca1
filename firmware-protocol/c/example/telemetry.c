/* A vehicle unit sends one telemetry and understands the answer. Copy what you need.
 *
 *     cc -std=c99 -Iinclude example/telemetry.c src/ (all of it) -o telemetry */
#include <stdio.h>
#include <string.h>

#include "patrol_protocol.h"

/* Shared with the gateway when the device is enrolled: 32 bytes of chance, in secure storage. These are an example. */
static const uint8_t SECRET[PGW_SECRET_LEN] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};
static const uint8_t KEY_ID = 1;

/* What the gateway sent to patrol/v1/down/car-07/ack. */
static const uint8_t ANSWER[] = {
    0xc1, 0x10, 0x02, 0x01, 0x0d, 0x01, 0x11, 0x00, 0x63, 0x61, 0x72, 0x2d, 0x30, 0x37, 0x00, 0x00,
    0x01, 0x82, 0x03, 0x6b, 0x15, 0x00, 0x00, 0x00, 0xec, 0x94, 0x42, 0x00, 0x00, 0xd4, 0x68, 0xf6,
    0x05, 0xa2, 0x01, 0x43, 0x07, 0x85, 0x07, 0x01, 0x0c, 0x44, 0x59, 0x2d, 0x32, 0x30, 0x32, 0x36,
    0x2d, 0x30, 0x35, 0x30, 0x31, 0x0e, 0x1d, 0x2d, 0x5d, 0x7e, 0xe7, 0xce, 0x8a, 0x99, 0xfb, 0x4d,
    0x06, 0xb7, 0xc3, 0x06, 0x9f,
};

static void print_hex(const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        printf("%02x", (unsigned)bytes[i]);
    }
    printf("\n");
}

/* Makes the frame of one position. `boot` comes from persistent memory and was raised at the start; `seq` counts from 1
 * and is never used twice, so a resend is the same bytes again. */
static pgw_error make_telemetry(const pgw_key *key, const uint8_t device[PGW_DEVICE_LEN], uint32_t boot, uint32_t seq,
                                uint8_t *frame, size_t frame_max, size_t *frame_len) {
    pgw_header header = {0};
    memcpy(header.device, device, PGW_DEVICE_LEN);
    header.boot = boot;
    header.seq = seq;
    header.uptime_ms = 3600000;
    header.unix_ms = 1795396364120u;
    header.time_quality = pgw_time_quality(PGW_TIME_SOURCE_GNSS, 1);

    pgw_telemetry telemetry = {0}; /* what stays 0 is absent */
    telemetry.valid = PGW_VEHICLE_STATE_IGNITION | PGW_VEHICLE_STATE_MOVING;
    telemetry.state = PGW_VEHICLE_STATE_IGNITION | PGW_VEHICLE_STATE_MOVING;
    telemetry.fix = PGW_FIX_TYPE_GNSS_3D;
    telemetry.satellites = 14;
    telemetry.lat_e7 = 311270000;
    telemetry.lon_e7 = 1043980000;
    telemetry.accuracy_dm = 45;
    telemetry.speed_cm_s = 650;
    telemetry.heading_cdeg = 8750;
    telemetry.fix_age_ms = 300;
    return pgw_telemetry_seal(&header, &telemetry, key, frame, frame_max, frame_len);
}

/* Reads the gateway's receipt of a report. */
static pgw_error read_receipt(const pgw_key *key, const uint8_t device[PGW_DEVICE_LEN], const uint8_t *bytes,
                              size_t len) {
    pgw_frame frame;
    pgw_ack ack;
    pgw_error error = pgw_open(bytes, len, key, 1, &frame);
    if (error != PGW_OK) {
        return error;
    }
    if (memcmp(frame.header.device, device, PGW_DEVICE_LEN) != 0) {
        return PGW_ERROR_KEY; /* for another device */
    }
    error = pgw_ack_decode(&frame, &ack);
    if (error == PGW_OK) {
        printf("report %lu of boot %lu: result %u, case %.*s\n", (unsigned long)ack.record.seq,
               (unsigned long)ack.record.boot, (unsigned)ack.result, (int)ack.case_number.len, ack.case_number.at);
    }
    return error;
}

int main(void) {
    uint8_t device[PGW_DEVICE_LEN];
    uint8_t frame[PGW_FRAME_LEN(PGW_TELEMETRY_LEN_MAX)];
    size_t frame_len = 0;
    pgw_key up, down;

    pgw_device_of("car-07", device);
    pgw_error error = pgw_key_derive(&up, SECRET, PGW_SUITE_HMAC_SHA256_128, KEY_ID, PGW_UP, device);
    if (error == PGW_OK) {
        error = pgw_key_derive(&down, SECRET, PGW_SUITE_HMAC_SHA256_128, KEY_ID, PGW_DOWN, device);
    }
    if (error == PGW_OK) {
        error = make_telemetry(&up, device, 7, 901, frame, sizeof frame, &frame_len);
    }
    if (error == PGW_OK) {
        print_hex(frame, frame_len); /* publish it on patrol/v1/up/car-07/telemetry with QoS 1 */
        error = read_receipt(&down, device, ANSWER, sizeof ANSWER);
    }
    if (error != PGW_OK) {
        fprintf(stderr, "%s\n", pgw_error_text(error));
        return 1;
    }
    return 0;
}
