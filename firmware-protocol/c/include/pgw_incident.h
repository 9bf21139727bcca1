/* Message type 3: something found on the street that becomes a case. */
#ifndef PGW_INCIDENT_H
#define PGW_INCIDENT_H

#include "pgw_frame.h"
#include "pgw_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_INCIDENT_REVISION 1u
#define PGW_INCIDENT_EVIDENCE_MAX 8u

/* A finding on the street. */
typedef struct pgw_incident {
    /* the case code as a number, 1..=9999: 501 is code 0501; 0 = absent, which a gateway refuses */
    uint16_t category;
    uint8_t kind;         /* PGW_CASE_KIND_...: which table the category is from; always given */
    uint8_t severity;     /* by the device, from 1, higher is worse; 0 = absent */
    uint32_t age_ms;      /* how long before the frame's time it was found; 0 = at the frame's time */
    uint8_t fix;          /* PGW_FIX_TYPE_...; NONE = no position */
    int32_t lat_e7;       /* latitude, 1e-7 degrees north; absent without a fix */
    int32_t lon_e7;       /* longitude, 1e-7 degrees east; absent without a fix */
    uint16_t accuracy_dm; /* radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent */
    uint32_t fix_age_ms;  /* age of the fix at the frame's time, not at the finding's; 0 = absent, a fresh fix says 1 */
    /* the word alone is one of C++ */
    pgw_text operator_;   /* pseudonym of the officer, at most 24 bytes; empty = absent */
    pgw_text stall_card;  /* number of the stall card shown, at most 24 bytes; empty = absent */
    pgw_text description; /* what the officer wrote, at most 240 bytes (80 Chinese characters); empty = absent */
    /* its photos and clips; empty = none */
    pgw_record_ref evidence[PGW_INCIDENT_EVIDENCE_MAX];
    size_t evidence_count;
} pgw_incident;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_incident_seal(const pgw_header *header, const pgw_incident *incident, const pgw_key *key, uint8_t *out,
                            size_t out_len, size_t *frame_len);
pgw_error pgw_incident_decode(const pgw_frame *frame, pgw_incident *incident);

#ifdef __cplusplus
}
#endif

#endif
