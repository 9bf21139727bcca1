/* Message type 7: how a device is, and what it understands. */
#include "pgw_status.h"

#include "frame.h"
#include "pgw_values.h"

static void read_revisions(pgw_reader *reader, pgw_status *status) {
    status->revisions_count = 0;
    for (uint64_t left = pgw_read_count(reader); left > 0; left--) {
        uint8_t revision = pgw_read_u8(reader);
        if (!pgw_read_fits(reader, status->revisions_count, PGW_STATUS_REVISIONS_MAX)) {
            break;
        }
        status->revisions[status->revisions_count++] = revision;
    }
}

static void write_revisions(pgw_writer *writer, const pgw_status *status) {
    if (pgw_write_count(writer, status->revisions_count, PGW_STATUS_REVISIONS_MAX)) {
        pgw_write_raw(writer, status->revisions, status->revisions_count);
    }
}

static const uint8_t MIN_LENS[] = {14};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_STATUS, PGW_STATUS_REVISION, MIN_LENS};

pgw_error pgw_status_seal(const pgw_header *header, const pgw_status *status, const pgw_key *key, uint8_t *out,
                          size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_text(&writer, status->firmware, 24);
    pgw_write_varint(&writer, status->hardware_revision);
    pgw_write_u8(&writer, status->reset_reason);
    pgw_write_varint(&writer, status->capabilities);
    write_revisions(&writer, status);
    pgw_write_u8(&writer, status->battery_percent);
    pgw_write_varint(&writer, status->supply_mv);
    pgw_write_signed(&writer, status->temperature_deci_c);
    pgw_write_signed(&writer, status->signal_dbm);
    pgw_write_varint(&writer, status->storage_free_kib);
    pgw_write_varint(&writer, status->queued);
    pgw_write_varint(&writer, status->dropped);
    pgw_write_varint(&writer, status->auth_failures);
    pgw_write_varint(&writer, status->config_id);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_status_decode(const pgw_frame *frame, pgw_status *status) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    status->firmware = pgw_read_text(&reader, 24);
    status->hardware_revision = pgw_read_u16(&reader);
    status->reset_reason = pgw_read_u8(&reader);
    status->capabilities = pgw_read_u32(&reader);
    read_revisions(&reader, status);
    status->battery_percent = pgw_read_u8(&reader);
    status->supply_mv = pgw_read_u16(&reader);
    status->temperature_deci_c = pgw_read_i16(&reader);
    status->signal_dbm = pgw_read_i16(&reader);
    status->storage_free_kib = pgw_read_u32(&reader);
    status->queued = pgw_read_u32(&reader);
    status->dropped = pgw_read_u32(&reader);
    status->auth_failures = pgw_read_u32(&reader);
    status->config_id = pgw_read_u32(&reader);
    return pgw_decode_finish(&reader, frame, &BODY);
}
