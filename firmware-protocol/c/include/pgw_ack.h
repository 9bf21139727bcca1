/* Message type 13: the receipt of a report (down). */
#ifndef PGW_ACK_H
#define PGW_ACK_H

#include "pgw_frame.h"
#include "pgw_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_ACK_REVISION 1u

/* The platform's receipt of a report, for the officer (down). */
typedef struct pgw_ack {
    pgw_record_ref record; /* the report */
    uint8_t result;        /* PGW_ACK_RESULT_... */
    pgw_text case_number;  /* at the platform, at most 24 bytes; empty = absent */
} pgw_ack;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_ack_seal(const pgw_header *header, const pgw_ack *ack, const pgw_key *key, uint8_t *out,
                       size_t out_len, size_t *frame_len);
pgw_error pgw_ack_decode(const pgw_frame *frame, pgw_ack *ack);

#ifdef __cplusplus
}
#endif

#endif
