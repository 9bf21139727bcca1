/* A vehicle unit collects a minute of positions and sends them as one frame. Links the static library:
 *
 *     cargo build --release --manifest-path ../Cargo.toml
 *     cc -std=c99 -I../../include track.c ../target/release/libpatrol_firmware.a -o track */
#include <stdio.h>
#include <string.h>

#include "patrol_firmware.h"

/* Shared with the gateway when the device is enrolled: 32 bytes of chance, in secure storage. These are an example. */
static const uint8_t SECRET[32] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

/* The position at a second of the example: north at an even pace. */
static PatrolTelemetry position(int32_t second) {
    PatrolTelemetry point;
    memset(&point, 0, sizeof point); /* what stays 0 is absent */
    point.fix = PGW_FIX_TYPE_GNSS_3D;
    point.lat_e7 = 311270000 + 600 * second;
    point.lon_e7 = 1043980000;
    point.speed_cm_s = 667;
    point.heading_cdeg = 36000;
    return point;
}

int main(void) {
    static uint8_t frame[PATROL_FRAME_LEN(PGW_TRACK_BATCH_LEN_MAX)];
    static PatrolTrack track;
    PatrolHeader header;
    PatrolKey key;
    PatrolText id = {"car-07", 6};
    size_t frame_len = 0;

    memset(&header, 0, sizeof header);
    PatrolError error = patrol_device_of(id, header.device);
    if (error == PATROL_ERROR_OK) {
        error = patrol_key_derive(&key, SECRET, PGW_SUITE_HMAC_SM3_128, 1, PATROL_UP, header.device);
    }
    if (error == PATROL_ERROR_OK) {
        error = patrol_track_start(&track, PGW_TRACK_BATCH_LEN_MAX);
    }
    for (int32_t second = 0; second < 60 && error == PATROL_ERROR_OK; second++) {
        PatrolTelemetry point = position(second);
        if (!patrol_track_push(&track, 1000u * (uint64_t)second, &point)) {
            break; /* full: seal it, then push the point again */
        }
    }
    header.boot = 7;
    header.seq = 902;
    header.uptime_ms = 60000;
    if (error == PATROL_ERROR_OK) {
        error = patrol_track_seal(&header, &track, &key, frame, sizeof frame, &frame_len);
    }
    if (error != PATROL_ERROR_OK) {
        fprintf(stderr, "%s\n", patrol_error_text((int)error));
        return 1;
    }
    for (size_t i = 0; i < frame_len; i++) {
        printf("%02x", (unsigned)frame[i]);
    }
    printf("\n");
    return 0;
}
