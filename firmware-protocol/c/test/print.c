#include "print.h"

#define UNSIGNED(field) json_unsigned(#field, body->field)
#define SIGNED(field) json_signed(#field, body->field)
#define TEXT(field) json_text(#field, body->field)
#define BYTES(field) json_bytes(#field, body->field.at, body->field.len)
#define RECORD(field) json_record(#field, body->field)
#define RECORDS(field) json_records(#field, body->field, body->field##_count)
#define OCTETS(field, len) json_bytes(#field, body->field, len)
#define LIST(field, print)                                                                                             \
    do {                                                                                                               \
        json_open(#field, '[');                                                                                        \
        for (size_t i = 0; i < body->field##_count; i++) {                                                             \
            json_open(NULL, '{');                                                                                      \
            print(&body->field[i]);                                                                                    \
            json_close('}');                                                                                           \
        }                                                                                                              \
        json_close(']');                                                                                               \
    } while (0)

static void print_sensor_reading(const pgw_sensor_reading *body) {
    UNSIGNED(quantity);
    UNSIGNED(channel);
    SIGNED(exponent);
    SIGNED(value);
    UNSIGNED(status);
}

static void print_setting(const pgw_setting *body) {
    UNSIGNED(key);
    BYTES(value);
}

void print_telemetry(const pgw_telemetry *body) {
    UNSIGNED(valid);
    UNSIGNED(state);
    UNSIGNED(fix);
    UNSIGNED(satellites);
    SIGNED(lat_e7);
    SIGNED(lon_e7);
    SIGNED(altitude_dm);
    UNSIGNED(accuracy_dm);
    UNSIGNED(speed_cm_s);
    UNSIGNED(heading_cdeg);
    UNSIGNED(fix_age_ms);
    UNSIGNED(supply_mv);
    UNSIGNED(battery_percent);
    UNSIGNED(odometer_m);
}

void print_sensor_report(const pgw_sensor_report *body) {
    UNSIGNED(age_ms);
    LIST(readings, print_sensor_reading);
}

void print_incident(const pgw_incident *body) {
    UNSIGNED(category);
    UNSIGNED(kind);
    UNSIGNED(severity);
    UNSIGNED(age_ms);
    UNSIGNED(fix);
    SIGNED(lat_e7);
    SIGNED(lon_e7);
    UNSIGNED(accuracy_dm);
    UNSIGNED(fix_age_ms);
    json_text("operator", body->operator_); /* the one name that differs */
    TEXT(stall_card);
    TEXT(description);
    RECORDS(evidence);
}

void print_evidence_meta(const pgw_evidence_meta *body) {
    RECORD(evidence);
    RECORD(incident);
    UNSIGNED(media);
    UNSIGNED(usage);
    UNSIGNED(size_bytes);
    UNSIGNED(chunk_size_log2);
    OCTETS(sha256, sizeof body->sha256);
    UNSIGNED(age_ms);
    UNSIGNED(duration_ms);
    UNSIGNED(width_px);
    UNSIGNED(height_px);
    UNSIGNED(fix);
    SIGNED(lat_e7);
    SIGNED(lon_e7);
    UNSIGNED(accuracy_dm);
    UNSIGNED(fix_age_ms);
}

void print_evidence_chunk(const pgw_evidence_chunk *body) {
    RECORD(evidence);
    UNSIGNED(index);
    BYTES(data);
}

void print_evidence_want(const pgw_evidence_want *body) {
    RECORD(evidence);
    UNSIGNED(state);
    UNSIGNED(base_index);
    BYTES(missing);
}

void print_status(const pgw_status *body) {
    TEXT(firmware);
    UNSIGNED(hardware_revision);
    UNSIGNED(reset_reason);
    UNSIGNED(capabilities);
    OCTETS(revisions, body->revisions_count);
    UNSIGNED(battery_percent);
    UNSIGNED(supply_mv);
    SIGNED(temperature_deci_c);
    SIGNED(signal_dbm);
    UNSIGNED(storage_free_kib);
    UNSIGNED(queued);
    UNSIGNED(dropped);
    UNSIGNED(auth_failures);
    UNSIGNED(config_id);
}

void print_task(const pgw_task *body) {
    UNSIGNED(task);
    UNSIGNED(revision);
    UNSIGNED(kind);
    UNSIGNED(priority);
    UNSIGNED(issued_unix_ms);
    UNSIGNED(deadline_unix_ms);
    UNSIGNED(fix);
    SIGNED(lat_e7);
    SIGNED(lon_e7);
    UNSIGNED(radius_m);
    TEXT(stall_card);
    TEXT(title);
    TEXT(text);
}

void print_task_ack(const pgw_task_ack *body) {
    UNSIGNED(task);
    UNSIGNED(revision);
    UNSIGNED(state);
    UNSIGNED(reason);
    UNSIGNED(age_ms);
    TEXT(note);
    RECORDS(evidence);
}

void print_time_sync(const pgw_time_sync *body) {
    UNSIGNED(asked_boot);
    UNSIGNED(asked_uptime_ms);
    UNSIGNED(received_unix_ms);
    UNSIGNED(sent_unix_ms);
}

void print_config(const pgw_config *body) {
    UNSIGNED(config_id);
    LIST(settings, print_setting);
}

void print_ack(const pgw_ack *body) {
    RECORD(record);
    UNSIGNED(result);
    TEXT(case_number);
}
