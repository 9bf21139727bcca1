#include "edges.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "patrol_firmware.h"

static uint8_t sealed[512];

void require(bool condition) {
    if (!condition) {
        abort();
    }
}

void edges(const uint8_t *bytes, size_t len) {
    PatrolHeader header;
    PatrolAck ack;
    PatrolTelemetry telemetry;
    PatrolStatus status;
    PatrolTrack track;
    PatrolSerial serial;
    size_t out_len = 0;
    uint8_t device[8];
    PatrolKey none, zeros;
    const uint8_t *found = NULL;
    const char *too_long = "1234567890123456789012345";
    memset(&header, 0, sizeof header);
    memset(&telemetry, 0, sizeof telemetry);
    memset(&status, 0, sizeof status);
    memset(&zeros, 0, sizeof zeros);
    memset(&track, 0, sizeof track);
    memset(&serial, 0, sizeof serial);
    require(patrol_key_crc32c(&none) == PATROL_ERROR_OK && patrol_key_crc32c(NULL) == PATROL_ERROR_NULL);

    require(patrol_ack_open(bytes, len, &none, 1, &header, &ack) == PATROL_ERROR_OK);
    require(patrol_ack_open(NULL, len, &none, 1, &header, &ack) == PATROL_ERROR_NULL);
    require(patrol_ack_open(NULL, 0, &none, 1, &header, &ack) == PATROL_ERROR_SHORT);
    require(patrol_ack_open(bytes, len, NULL, 1, &header, &ack) == PATROL_ERROR_NULL);
    require(patrol_ack_open(bytes, len, NULL, 0, &header, &ack) == PATROL_ERROR_KEY);
    require(patrol_ack_open(bytes, len, &zeros, 1, &header, &ack) == PATROL_ERROR_KEY);
    require(patrol_ack_open(bytes, SIZE_MAX, &none, 1, &header, &ack) == PATROL_ERROR_NULL);
    require(patrol_ack_open(bytes, len, &none, 1, NULL, &ack) == PATROL_ERROR_NULL);
    require(patrol_ack_open(bytes, len, &none, 1, &header, NULL) == PATROL_ERROR_NULL);
    require(patrol_message_type(NULL, 0) == 0 && patrol_message_type(bytes, 15) == 0);

    require(patrol_telemetry_seal(NULL, &telemetry, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_NULL);
    require(patrol_telemetry_seal(&header, NULL, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_NULL);
    require(patrol_telemetry_seal(&header, &telemetry, NULL, sealed, sizeof sealed, &out_len) == PATROL_ERROR_NULL);
    require(patrol_telemetry_seal(&header, &telemetry, &zeros, sealed, sizeof sealed, &out_len) == PATROL_ERROR_KEY);
    require(patrol_telemetry_seal(&header, &telemetry, &none, NULL, sizeof sealed, &out_len) == PATROL_ERROR_NULL);
    require(patrol_telemetry_seal(&header, &telemetry, &none, NULL, 0, &out_len) == PATROL_ERROR_BUFFER);
    require(patrol_telemetry_seal(&header, &telemetry, &none, sealed, sizeof sealed, NULL) == PATROL_ERROR_NULL);
    header.uptime_ms = UINT64_C(1) << 40;
    require(patrol_telemetry_seal(&header, &telemetry, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_FIELD);
    header.uptime_ms = 0;

    status.firmware.len = 3;
    require(patrol_status_seal(&header, &status, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_NULL);
    status.firmware.at = "\xff\xfe\xfd";
    require(patrol_status_seal(&header, &status, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_UTF8);
    status.firmware.at = too_long;
    status.firmware.len = strlen(too_long);
    require(patrol_status_seal(&header, &status, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_CAPACITY);
    status.firmware.len = 5;
    status.revisions_count = PATROL_REVISIONS_MAX + 1;
    require(patrol_status_seal(&header, &status, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_CAPACITY);

    static const uint8_t SECRET[32] = {0};
    require(patrol_device_of((PatrolText){"car-07", 6}, device) == PATROL_ERROR_OK && memcmp(device, "car-07", 7) == 0);
    require(patrol_key_derive(&zeros, SECRET, 3, 1, PATROL_UP, device) == PATROL_ERROR_SUITE);
    require(patrol_key_derive(&zeros, SECRET, PGW_SUITE_ED25519, 1, PATROL_UP, device) == PATROL_ERROR_SUITE);
    require(patrol_key_derive(&zeros, SECRET, PGW_SUITE_HMAC_SM3_128, 1, 0, device) == PATROL_ERROR_DIRECTION);
    require(patrol_key_derive(&zeros, NULL, PGW_SUITE_HMAC_SM3_128, 1, PATROL_UP, device) == PATROL_ERROR_NULL);

    require(!patrol_track_push(&track, 0, &telemetry) && !patrol_track_push(NULL, 0, &telemetry));
    require(patrol_track_seal(&header, &track, &none, sealed, sizeof sealed, &out_len) == PATROL_ERROR_NOTHING);
    require(patrol_serial_push(&serial, 0, &found, &out_len) == PATROL_ERROR_NOTHING);
    require(strcmp(patrol_error_text(77), "unknown error") == 0);
    json_unsigned("passed", 1);
}
