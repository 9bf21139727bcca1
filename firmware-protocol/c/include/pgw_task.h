/* Message types 8 and 9: the platform's orders, and what became of them. */
#ifndef PGW_TASK_H
#define PGW_TASK_H

#include "pgw_frame.h"
#include "pgw_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_TASK_REVISION 1u
#define PGW_TASK_ACK_REVISION 1u
#define PGW_TASK_ACK_EVIDENCE_MAX 8u

/* An order of the platform (down). */
typedef struct pgw_task {
    uint64_t task;             /* its number at the platform; 0 is refused */
    uint32_t revision;         /* rising: a newer one takes the place of an older */
    uint8_t kind;              /* PGW_TASK_KIND_... */
    uint8_t priority;          /* urgency, from 1, higher is more urgent; 0 = absent */
    uint64_t issued_unix_ms;   /* ms since 1970-01-01T00:00:00Z; 0 = absent */
    uint64_t deadline_unix_ms; /* by when it is to be done, likewise; 0 = absent */
    uint8_t fix;               /* PGW_FIX_TYPE_...: how its place is known; NONE = no place */
    int32_t lat_e7;            /* latitude, 1e-7 degrees north; absent without a fix */
    int32_t lon_e7;            /* longitude, 1e-7 degrees east; absent without a fix */
    uint32_t radius_m;         /* how far around the place it is about; 0 = absent */
    pgw_text stall_card;       /* number of the stall card it is about, at most 24 bytes; empty = absent */
    pgw_text title;            /* one line for a person, at most 64 bytes; empty = absent */
    pgw_text text;             /* the order in full, at most 240 bytes; empty = absent */
} pgw_task;

/* A device's answer to a task. (task, revision, state) may be told more than once; the first one counts. */
typedef struct pgw_task_ack {
    uint64_t task;     /* the task's number at the platform; 0 is refused */
    uint32_t revision; /* the revision of the task it is about */
    uint8_t state;     /* PGW_TASK_STATE_...: how far the task is; UNKNOWN is refused */
    uint8_t reason;    /* PGW_TASK_REASON_...: why, when it was rejected or could not be done; 0 = absent */
    uint32_t age_ms;   /* how long before the frame's time it became so; 0 = at the frame's time */
    pgw_text note;     /* what the officer adds, at most 120 bytes; empty = absent */
    /* photos and clips of it; empty = none */
    pgw_record_ref evidence[PGW_TASK_ACK_EVIDENCE_MAX];
    size_t evidence_count;
} pgw_task_ack;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_task_seal(const pgw_header *header, const pgw_task *task, const pgw_key *key, uint8_t *out,
                        size_t out_len, size_t *frame_len);
pgw_error pgw_task_decode(const pgw_frame *frame, pgw_task *task);

pgw_error pgw_task_ack_seal(const pgw_header *header, const pgw_task_ack *ack, const pgw_key *key, uint8_t *out,
                            size_t out_len, size_t *frame_len);
pgw_error pgw_task_ack_decode(const pgw_frame *frame, pgw_task_ack *ack);

#ifdef __cplusplus
}
#endif

#endif
