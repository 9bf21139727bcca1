/* The bodies of the codec in C as those of the static library, and back: field by field, by the same names. */
#ifndef TEST_COPY_H
#define TEST_COPY_H

#include "patrol_firmware.h"
#include "patrol_protocol.h"

void to_library_telemetry(PatrolTelemetry *to, const pgw_telemetry *from);
void to_library_sensor_report(PatrolSensorReport *to, const pgw_sensor_report *from);
void to_library_incident(PatrolIncident *to, const pgw_incident *from);
void to_library_evidence_meta(PatrolEvidenceMeta *to, const pgw_evidence_meta *from);
void to_library_evidence_chunk(PatrolEvidenceChunk *to, const pgw_evidence_chunk *from);
void to_library_status(PatrolStatus *to, const pgw_status *from);
void to_library_task_ack(PatrolTaskAck *to, const pgw_task_ack *from);
void to_library_time_sync(PatrolTimeSync *to, const pgw_time_sync *from);
void from_library_evidence_want(pgw_evidence_want *to, const PatrolEvidenceWant *from);
void from_library_task(pgw_task *to, const PatrolTask *from);
void from_library_time_sync(pgw_time_sync *to, const PatrolTimeSync *from);
void from_library_config(pgw_config *to, const PatrolConfig *from);
void from_library_ack(pgw_ack *to, const PatrolAck *from);

#endif
