/* The patrol gateway's wire format in C99: all of it that is offered here. README.md says how to use it.
 *
 * Rules of every function: no allocation, no global state, so fit for interrupts and threads. Pointers are not NULL
 * unless a comment allows it, and point to what their type says. Input from outside may be anything at all.
 *
 * For each message type NAME there is
 *   - pgw_NAME, the body: a struct with the fields of the wire in their order, units in their names; 0 means absent
 *     unless the field says otherwise,
 *   - pgw_NAME_seal, which writes a whole frame,
 *   - pgw_NAME_decode, which reads the body of an opened one,
 *   - PGW_NAME_REVISION, the schema revision that is written. */
#ifndef PATROL_PROTOCOL_H
#define PATROL_PROTOCOL_H

#include "pgw_error.h"
#include "pgw_frame.h"
#include "pgw_key.h"
#include "pgw_serial.h"
#include "pgw_text.h"
#include "pgw_values.h"

#include "pgw_ack.h"
#include "pgw_config.h"
#include "pgw_evidence.h"
#include "pgw_incident.h"
#include "pgw_sensor_report.h"
#include "pgw_status.h"
#include "pgw_task.h"
#include "pgw_telemetry.h"
#include "pgw_time_sync.h"

#endif
