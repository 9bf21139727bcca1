/* Message type 2: what sensors measured. */
#ifndef PGW_SENSOR_REPORT_H
#define PGW_SENSOR_REPORT_H

#include "pgw_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_SENSOR_REPORT_REVISION 1u
#define PGW_READINGS_MAX 16u

/* One measured value. */
typedef struct pgw_sensor_reading {
    uint16_t quantity; /* PGW_QUANTITY_...: what was measured, and so its unit */
    uint8_t channel;   /* which of the device's sensors of that quantity, from 0 */
    int8_t exponent;   /* power of ten that `value` is multiplied by: 42 with exponent -2 is 0.42 */
    int32_t value;     /* 0 is a value here: a reading in the list was taken */
    uint8_t status;    /* PGW_READING_STATUS_... */
} pgw_sensor_reading;

/* What sensors measured at one time. */
typedef struct pgw_sensor_report {
    uint32_t age_ms; /* how long before the frame's time it was measured; 0 = at the frame's time */
    /* the values; empty = nothing was measured */
    pgw_sensor_reading readings[PGW_READINGS_MAX];
    size_t readings_count;
} pgw_sensor_report;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_sensor_report_seal(const pgw_header *header, const pgw_sensor_report *report, const pgw_key *key,
                                 uint8_t *out, size_t out_len, size_t *frame_len);
pgw_error pgw_sensor_report_decode(const pgw_frame *frame, pgw_sensor_report *report);

#ifdef __cplusplus
}
#endif

#endif
