/* Message type 10: question and answer about the time. */
#ifndef PGW_TIME_SYNC_H
#define PGW_TIME_SYNC_H

#include "pgw_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_TIME_SYNC_REVISION 1u

/* The question leaves the gateway's times 0. The answer repeats what was asked with: take it only if that is the
 * question that is open, and its times are not 0. The round trip took (uptime now - asked_uptime_ms) less
 * (sent_unix_ms - received_unix_ms). The time is now sent_unix_ms plus half of that, wrong by at most that half. */
typedef struct pgw_time_sync {
    uint32_t asked_boot;      /* the device's boot counter when it asked */
    uint64_t asked_uptime_ms; /* the device's uptime when it asked */
    /* the gateway's time when the question came; 0 in a question, and when it does not know it */
    uint64_t received_unix_ms;
    uint64_t sent_unix_ms;    /* the gateway's time when the answer left; 0 likewise */
} pgw_time_sync;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_time_sync_seal(const pgw_header *header, const pgw_time_sync *sync, const pgw_key *key, uint8_t *out,
                             size_t out_len, size_t *frame_len);
pgw_error pgw_time_sync_decode(const pgw_frame *frame, pgw_time_sync *sync);

#ifdef __cplusplus
}
#endif

#endif
