/* Message type 2: what sensors measured. */
#include "pgw_sensor_report.h"

#include "frame.h"
#include "pgw_values.h"

static pgw_sensor_reading read_sensor_reading(pgw_reader *reader) {
    pgw_sensor_reading reading;
    reading.quantity = pgw_read_u16(reader);
    reading.channel = pgw_read_u8(reader);
    reading.exponent = pgw_read_i8(reader);
    reading.value = pgw_read_i32(reader);
    reading.status = pgw_read_u8(reader);
    return reading;
}

static void read_readings(pgw_reader *reader, pgw_sensor_report *report) {
    report->readings_count = 0;
    for (uint64_t left = pgw_read_count(reader); left > 0; left--) {
        pgw_sensor_reading reading = read_sensor_reading(reader);
        if (!pgw_read_fits(reader, report->readings_count, PGW_READINGS_MAX)) {
            break;
        }
        report->readings[report->readings_count++] = reading;
    }
}

static void write_readings(pgw_writer *writer, const pgw_sensor_report *report) {
    if (!pgw_write_count(writer, report->readings_count, PGW_READINGS_MAX)) {
        return;
    }
    for (size_t i = 0; i < report->readings_count; i++) {
        const pgw_sensor_reading *reading = &report->readings[i];
        pgw_write_varint(writer, reading->quantity);
        pgw_write_u8(writer, reading->channel);
        pgw_write_u8(writer, (uint8_t)reading->exponent);
        pgw_write_signed(writer, reading->value);
        pgw_write_u8(writer, reading->status);
    }
}

static const uint8_t MIN_LENS[] = {2};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_SENSOR_REPORT, PGW_SENSOR_REPORT_REVISION, MIN_LENS};

pgw_error pgw_sensor_report_seal(const pgw_header *header, const pgw_sensor_report *report, const pgw_key *key,
                                 uint8_t *out, size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, report->age_ms);
    write_readings(&writer, report);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_sensor_report_decode(const pgw_frame *frame, pgw_sensor_report *report) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    report->age_ms = pgw_read_u32(&reader);
    read_readings(&reader, report);
    return pgw_decode_finish(&reader, frame, &BODY);
}
