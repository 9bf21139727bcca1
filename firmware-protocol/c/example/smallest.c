/* Seals one telemetry and does nothing else: what README.md shows and c/size measures. */
#include "patrol_protocol.h"

/* Fills `frame` and returns the bytes to send; 0 for an error. */
size_t seal_position(const uint8_t secret[PGW_SECRET_LEN], uint32_t boot, uint32_t seq, uint64_t uptime_ms,
                     int32_t lat_e7, int32_t lon_e7, uint8_t frame[PGW_FRAME_LEN(PGW_TELEMETRY_LEN_MAX)]);

/* example */
size_t seal_position(const uint8_t secret[PGW_SECRET_LEN], uint32_t boot, uint32_t seq, uint64_t uptime_ms,
                     int32_t lat_e7, int32_t lon_e7, uint8_t frame[PGW_FRAME_LEN(PGW_TELEMETRY_LEN_MAX)]) {
    pgw_header header = {0};
    pgw_telemetry telemetry = {0}; /* what stays 0 is absent */
    pgw_key key;                   /* derive it once, when the device starts, and keep it */
    size_t len = 0;

    pgw_device_of("car-07", header.device);
    pgw_error error = pgw_key_derive(&key, secret, PGW_SUITE_HMAC_SHA256_128, 1, PGW_UP, header.device);
    header.boot = boot; /* persisted, raised at each start */
    header.seq = seq;   /* from 1, never used twice in a boot: a resend is the same bytes again */
    header.uptime_ms = uptime_ms;

    telemetry.fix = PGW_FIX_TYPE_GNSS_3D;
    telemetry.lat_e7 = lat_e7;
    telemetry.lon_e7 = lon_e7;
    if (error == PGW_OK) {
        error = pgw_telemetry_seal(&header, &telemetry, &key, frame, PGW_FRAME_LEN(PGW_TELEMETRY_LEN_MAX), &len);
    }
    return error == PGW_OK ? len : 0;
}
/* end of example */

int main(void) {
    static const uint8_t SECRET[PGW_SECRET_LEN] = {0};
    uint8_t frame[PGW_FRAME_LEN(PGW_TELEMETRY_LEN_MAX)];
    return seal_position(SECRET, 7, 901, 3600000, 311270000, 1043980000, frame) > 0 ? 0 : 1;
}
