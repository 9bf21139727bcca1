/* Message type 10: question and answer about the time. */
#include "pgw_time_sync.h"

#include "frame.h"
#include "pgw_values.h"

static const uint8_t MIN_LENS[] = {4};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_TIME_SYNC, PGW_TIME_SYNC_REVISION, MIN_LENS};

pgw_error pgw_time_sync_seal(const pgw_header *header, const pgw_time_sync *sync, const pgw_key *key, uint8_t *out,
                             size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, sync->asked_boot);
    pgw_write_varint(&writer, sync->asked_uptime_ms);
    pgw_write_varint(&writer, sync->received_unix_ms);
    pgw_write_varint(&writer, sync->sent_unix_ms);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_time_sync_decode(const pgw_frame *frame, pgw_time_sync *sync) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    sync->asked_boot = pgw_read_u32(&reader);
    sync->asked_uptime_ms = pgw_read_u64(&reader);
    sync->received_unix_ms = pgw_read_u64(&reader);
    sync->sent_unix_ms = pgw_read_u64(&reader);
    return pgw_decode_finish(&reader, frame, &BODY);
}
