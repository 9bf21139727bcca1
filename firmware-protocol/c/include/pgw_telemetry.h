/* Message type 1: where a vehicle or person is, and the vehicle's state. */
#ifndef PGW_TELEMETRY_H
#define PGW_TELEMETRY_H

#include "pgw_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_TELEMETRY_REVISION 1u

/* Position and vehicle state at the frame's time. */
typedef struct pgw_telemetry {
    uint16_t valid;          /* PGW_VEHICLE_STATE_... bits of `state` the device knows; one that is 0 here is absent */
    uint16_t state;          /* PGW_VEHICLE_STATE_... bits, where valid */
    uint8_t fix;             /* PGW_FIX_TYPE_...; NONE = no position */
    uint8_t satellites;      /* used, 1..=255; 0 = absent */
    int32_t lat_e7;          /* latitude, 1e-7 degrees north; absent without a fix */
    int32_t lon_e7;          /* longitude, 1e-7 degrees east; absent without a fix */
    int32_t altitude_dm;     /* height above the ellipsoid, 0.1 m; 0 = absent, a measured 0 is sent as 1 */
    uint16_t accuracy_dm;    /* radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent */
    uint16_t speed_cm_s;     /* speed over ground; 0 = absent, or standing when the state says not moving */
    uint16_t heading_cdeg;   /* course over ground, 0.01 degrees, 1..=36000, north is 36000; 0 = absent */
    uint32_t fix_age_ms;     /* age of the fix at the frame's time, ms; 0 = absent, a fresh fix says 1 */
    uint16_t supply_mv;      /* supply voltage; 0 = absent */
    uint8_t battery_percent; /* 1..=100; 0 = absent, an empty battery says 1 */
    uint32_t odometer_m;     /* distance travelled; 0 = absent */
} pgw_telemetry;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_telemetry_seal(const pgw_header *header, const pgw_telemetry *telemetry, const pgw_key *key,
                             uint8_t *out, size_t out_len, size_t *frame_len);
pgw_error pgw_telemetry_decode(const pgw_frame *frame, pgw_telemetry *telemetry);

#ifdef __cplusplus
}
#endif

#endif
