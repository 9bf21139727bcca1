/* All bodies alike: what the codec offers, by message type. */
#ifndef TEST_ANY_BODY_H
#define TEST_ANY_BODY_H

#include "patrol_protocol.h"

#define EACH_BODY(X)                                                                                                   \
    X(TELEMETRY, telemetry)                                                                                            \
    X(SENSOR_REPORT, sensor_report)                                                                                    \
    X(INCIDENT, incident)                                                                                              \
    X(EVIDENCE_META, evidence_meta)                                                                                    \
    X(EVIDENCE_CHUNK, evidence_chunk)                                                                                  \
    X(EVIDENCE_WANT, evidence_want)                                                                                    \
    X(STATUS, status)                                                                                                  \
    X(TASK, task)                                                                                                      \
    X(TASK_ACK, task_ack)                                                                                              \
    X(TIME_SYNC, time_sync)                                                                                            \
    X(CONFIG, config)                                                                                                  \
    X(ACK, ack)

typedef union any_body {
#define MEMBER(TYPE, name) pgw_##name name;
    EACH_BODY(MEMBER)
#undef MEMBER
} any_body;

/* PGW_ERROR_MESSAGE_TYPE for a type that is not offered. */
pgw_error any_decode(const pgw_frame *frame, any_body *body);
pgw_error any_seal(const pgw_header *header, const any_body *body, const pgw_key *key, uint8_t *out, size_t out_len,
                   size_t *frame_len);
void any_print(const char *name, uint8_t message_type, const any_body *body);

#endif
