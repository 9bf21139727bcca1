/* Written as an appended field would be written in src/telemetry.c. */
#include "appended.h"

#include "../src/frame.h"
#include "json.h"
#include "print.h"

static const uint8_t MIN_LENS[] = {20, 30};
static const pgw_body BODY = {1, 2, MIN_LENS};

static void write_revision_1(pgw_writer *writer, const pgw_telemetry *telemetry) {
    pgw_write_varint(writer, telemetry->valid);
    pgw_write_varint(writer, telemetry->state);
    pgw_write_u8(writer, telemetry->fix);
    pgw_write_u8(writer, telemetry->satellites);
    pgw_write_degrees(writer, telemetry->lat_e7);
    pgw_write_degrees(writer, telemetry->lon_e7);
    pgw_write_signed(writer, telemetry->altitude_dm);
    pgw_write_varint(writer, telemetry->accuracy_dm);
    pgw_write_varint(writer, telemetry->speed_cm_s);
    pgw_write_varint(writer, telemetry->heading_cdeg);
    pgw_write_varint(writer, telemetry->fix_age_ms);
    pgw_write_varint(writer, telemetry->supply_mv);
    pgw_write_u8(writer, telemetry->battery_percent);
    pgw_write_varint(writer, telemetry->odometer_m);
}

static void read_revision_1(pgw_reader *reader, pgw_telemetry *telemetry) {
    telemetry->valid = pgw_read_u16(reader);
    telemetry->state = pgw_read_u16(reader);
    telemetry->fix = pgw_read_u8(reader);
    telemetry->satellites = pgw_read_u8(reader);
    telemetry->lat_e7 = pgw_read_degrees(reader);
    telemetry->lon_e7 = pgw_read_degrees(reader);
    telemetry->altitude_dm = pgw_read_i32(reader);
    telemetry->accuracy_dm = pgw_read_u16(reader);
    telemetry->speed_cm_s = pgw_read_u16(reader);
    telemetry->heading_cdeg = pgw_read_u16(reader);
    telemetry->fix_age_ms = pgw_read_u32(reader);
    telemetry->supply_mv = pgw_read_u16(reader);
    telemetry->battery_percent = pgw_read_u8(reader);
    telemetry->odometer_m = pgw_read_u32(reader);
}

pgw_error appended_seal(const pgw_header *header, const appended *body, const pgw_key *key, uint8_t *out,
                        size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    write_revision_1(&writer, &body->revision_1);
    pgw_write_u8(&writer, body->humidity_percent);
    pgw_write_signed(&writer, body->tilt_cdeg);
    pgw_write_u8(&writer, body->fix);
    pgw_write_degrees(&writer, body->lat_e7);
    pgw_write_text(&writer, body->driver, 8);
    pgw_write_record_refs(&writer, body->trips, body->trips_count, 4);
    pgw_write_varint(&writer, body->trip_m);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error appended_decode(const pgw_frame *frame, appended *body) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    read_revision_1(&reader, &body->revision_1);
    body->humidity_percent = pgw_read_u8(&reader);
    body->tilt_cdeg = pgw_read_i32(&reader);
    body->fix = pgw_read_u8(&reader);
    body->lat_e7 = pgw_read_degrees(&reader);
    body->driver = pgw_read_text(&reader, 8);
    body->trips_count = pgw_read_record_refs(&reader, body->trips, 4);
    body->trip_m = pgw_read_u32(&reader);
    return pgw_decode_finish(&reader, frame, &BODY);
}

void appended_print(const char *name, const appended *body) {
    json_open(name, '{');
    json_open("revision_1", '{');
    print_telemetry(&body->revision_1);
    json_close('}');
    json_unsigned("humidity_percent", body->humidity_percent);
    json_signed("tilt_cdeg", body->tilt_cdeg);
    json_unsigned("fix", body->fix);
    json_signed("lat_e7", body->lat_e7);
    json_text("driver", body->driver);
    json_records("trips", body->trips, body->trips_count);
    json_unsigned("trip_m", body->trip_m);
    json_close('}');
}
