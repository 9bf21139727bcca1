#include "copy.h"

#include <string.h>

#define FIELD(field) to->field = from->field
#define RECORD(field)                                                                                                  \
    do {                                                                                                               \
        to->field.boot = from->field.boot;                                                                             \
        to->field.seq = from->field.seq;                                                                               \
    } while (0)
#define RECORDS(field)                                                                                                 \
    for (size_t i = 0; i < from->field##_count; i++) {                                                                 \
        to->field[i].boot = from->field[i].boot;                                                                       \
        to->field[i].seq = from->field[i].seq;                                                                         \
    }                                                                                                                  \
    FIELD(field##_count)
#define BORROWED(field)                                                                                                \
    do {                                                                                                               \
        to->field.at = from->field.at;                                                                                 \
        to->field.len = from->field.len;                                                                               \
    } while (0)

static void copy_sensor_reading(PatrolSensorReading *to, const pgw_sensor_reading *from) {
    FIELD(quantity);
    FIELD(channel);
    FIELD(exponent);
    FIELD(value);
    FIELD(status);
}

static void copy_setting(pgw_setting *to, const PatrolSetting *from) {
    FIELD(key);
    BORROWED(value);
}

void to_library_telemetry(PatrolTelemetry *to, const pgw_telemetry *from) {
    FIELD(valid);
    FIELD(state);
    FIELD(fix);
    FIELD(satellites);
    FIELD(lat_e7);
    FIELD(lon_e7);
    FIELD(altitude_dm);
    FIELD(accuracy_dm);
    FIELD(speed_cm_s);
    FIELD(heading_cdeg);
    FIELD(fix_age_ms);
    FIELD(supply_mv);
    FIELD(battery_percent);
    FIELD(odometer_m);
}

void to_library_sensor_report(PatrolSensorReport *to, const pgw_sensor_report *from) {
    FIELD(age_ms);
    for (size_t i = 0; i < from->readings_count; i++) {
        copy_sensor_reading(&to->readings[i], &from->readings[i]);
    }
    FIELD(readings_count);
}

void to_library_incident(PatrolIncident *to, const pgw_incident *from) {
    FIELD(category);
    FIELD(kind);
    FIELD(severity);
    FIELD(age_ms);
    FIELD(fix);
    FIELD(lat_e7);
    FIELD(lon_e7);
    FIELD(accuracy_dm);
    FIELD(fix_age_ms);
    BORROWED(operator_);
    BORROWED(stall_card);
    BORROWED(description);
    RECORDS(evidence);
}

void to_library_evidence_meta(PatrolEvidenceMeta *to, const pgw_evidence_meta *from) {
    RECORD(evidence);
    RECORD(incident);
    FIELD(media);
    FIELD(usage);
    FIELD(size_bytes);
    FIELD(chunk_size_log2);
    memcpy(to->sha256, from->sha256, sizeof to->sha256);
    FIELD(age_ms);
    FIELD(duration_ms);
    FIELD(width_px);
    FIELD(height_px);
    FIELD(fix);
    FIELD(lat_e7);
    FIELD(lon_e7);
    FIELD(accuracy_dm);
    FIELD(fix_age_ms);
}

void to_library_evidence_chunk(PatrolEvidenceChunk *to, const pgw_evidence_chunk *from) {
    RECORD(evidence);
    FIELD(index);
    BORROWED(data);
}

void to_library_status(PatrolStatus *to, const pgw_status *from) {
    BORROWED(firmware);
    FIELD(hardware_revision);
    FIELD(reset_reason);
    FIELD(capabilities);
    memcpy(to->revisions, from->revisions, sizeof to->revisions);
    FIELD(revisions_count);
    FIELD(battery_percent);
    FIELD(supply_mv);
    FIELD(temperature_deci_c);
    FIELD(signal_dbm);
    FIELD(storage_free_kib);
    FIELD(queued);
    FIELD(dropped);
    FIELD(auth_failures);
    FIELD(config_id);
}

void to_library_task_ack(PatrolTaskAck *to, const pgw_task_ack *from) {
    FIELD(task);
    FIELD(revision);
    FIELD(state);
    FIELD(reason);
    FIELD(age_ms);
    BORROWED(note);
    RECORDS(evidence);
}

void to_library_time_sync(PatrolTimeSync *to, const pgw_time_sync *from) {
    FIELD(asked_boot);
    FIELD(asked_uptime_ms);
    FIELD(received_unix_ms);
    FIELD(sent_unix_ms);
}

void from_library_evidence_want(pgw_evidence_want *to, const PatrolEvidenceWant *from) {
    RECORD(evidence);
    FIELD(state);
    FIELD(base_index);
    BORROWED(missing);
}

void from_library_task(pgw_task *to, const PatrolTask *from) {
    FIELD(task);
    FIELD(revision);
    FIELD(kind);
    FIELD(priority);
    FIELD(issued_unix_ms);
    FIELD(deadline_unix_ms);
    FIELD(fix);
    FIELD(lat_e7);
    FIELD(lon_e7);
    FIELD(radius_m);
    BORROWED(stall_card);
    BORROWED(title);
    BORROWED(text);
}

void from_library_time_sync(pgw_time_sync *to, const PatrolTimeSync *from) {
    FIELD(asked_boot);
    FIELD(asked_uptime_ms);
    FIELD(received_unix_ms);
    FIELD(sent_unix_ms);
}

void from_library_config(pgw_config *to, const PatrolConfig *from) {
    FIELD(config_id);
    for (size_t i = 0; i < from->settings_count; i++) {
        copy_setting(&to->settings[i], &from->settings[i]);
    }
    FIELD(settings_count);
}

void from_library_ack(pgw_ack *to, const PatrolAck *from) {
    RECORD(record);
    FIELD(result);
    BORROWED(case_number);
}
