/* Message type 1: where a vehicle or person is, and the vehicle's state. */
#include "pgw_telemetry.h"

#include "frame.h"
#include "pgw_values.h"

static const uint8_t MIN_LENS[] = {20};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_TELEMETRY, PGW_TELEMETRY_REVISION, MIN_LENS};

pgw_error pgw_telemetry_seal(const pgw_header *header, const pgw_telemetry *telemetry, const pgw_key *key,
                             uint8_t *out, size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, telemetry->valid);
    pgw_write_varint(&writer, telemetry->state);
    pgw_write_u8(&writer, telemetry->fix);
    pgw_write_u8(&writer, telemetry->satellites);
    pgw_write_degrees(&writer, telemetry->lat_e7);
    pgw_write_degrees(&writer, telemetry->lon_e7);
    pgw_write_signed(&writer, telemetry->altitude_dm);
    pgw_write_varint(&writer, telemetry->accuracy_dm);
    pgw_write_varint(&writer, telemetry->speed_cm_s);
    pgw_write_varint(&writer, telemetry->heading_cdeg);
    pgw_write_varint(&writer, telemetry->fix_age_ms);
    pgw_write_varint(&writer, telemetry->supply_mv);
    pgw_write_u8(&writer, telemetry->battery_percent);
    pgw_write_varint(&writer, telemetry->odometer_m);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_telemetry_decode(const pgw_frame *frame, pgw_telemetry *telemetry) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    telemetry->valid = pgw_read_u16(&reader);
    telemetry->state = pgw_read_u16(&reader);
    telemetry->fix = pgw_read_u8(&reader);
    telemetry->satellites = pgw_read_u8(&reader);
    telemetry->lat_e7 = pgw_read_degrees(&reader);
    telemetry->lon_e7 = pgw_read_degrees(&reader);
    telemetry->altitude_dm = pgw_read_i32(&reader);
    telemetry->accuracy_dm = pgw_read_u16(&reader);
    telemetry->speed_cm_s = pgw_read_u16(&reader);
    telemetry->heading_cdeg = pgw_read_u16(&reader);
    telemetry->fix_age_ms = pgw_read_u32(&reader);
    telemetry->supply_mv = pgw_read_u16(&reader);
    telemetry->battery_percent = pgw_read_u8(&reader);
    telemetry->odometer_m = pgw_read_u32(&reader);
    return pgw_decode_finish(&reader, frame, &BODY);
}
