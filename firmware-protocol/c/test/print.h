/* Prints the fields of each body under their names in C, which are to be those of the reference. */
#ifndef TEST_PRINT_H
#define TEST_PRINT_H

#include "json.h"
#include "patrol_protocol.h"

void print_telemetry(const pgw_telemetry *body);
void print_sensor_report(const pgw_sensor_report *body);
void print_incident(const pgw_incident *body);
void print_evidence_meta(const pgw_evidence_meta *body);
void print_evidence_chunk(const pgw_evidence_chunk *body);
void print_evidence_want(const pgw_evidence_want *body);
void print_status(const pgw_status *body);
void print_task(const pgw_task *body);
void print_task_ack(const pgw_task_ack *body);
void print_time_sync(const pgw_time_sync *body);
void print_config(const pgw_config *body);
void print_ack(const pgw_ack *body);

#endif
