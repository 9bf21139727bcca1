/* Telemetry as its second revision could be: one field of every kind, appended. */
#ifndef TEST_APPENDED_H
#define TEST_APPENDED_H

#include "pgw_frame.h"
#include "pgw_telemetry.h"
#include "pgw_text.h"

typedef struct appended {
    pgw_telemetry revision_1;
    uint8_t humidity_percent;
    int32_t tilt_cdeg;
    uint8_t fix;
    int32_t lat_e7;
    pgw_text driver; /* at most 8 bytes */
    pgw_record_ref trips[4];
    size_t trips_count;
    uint32_t trip_m;
} appended;

pgw_error appended_seal(const pgw_header *header, const appended *body, const pgw_key *key, uint8_t *out,
                        size_t out_len, size_t *frame_len);
pgw_error appended_decode(const pgw_frame *frame, appended *body);
void appended_print(const char *name, const appended *body);

#endif
