/* Message type 13: the receipt of a report (down). */
#include "pgw_ack.h"

#include "frame.h"
#include "pgw_values.h"

static const uint8_t MIN_LENS[] = {4};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_ACK, PGW_ACK_REVISION, MIN_LENS};

pgw_error pgw_ack_seal(const pgw_header *header, const pgw_ack *ack, const pgw_key *key, uint8_t *out,
                       size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_record_ref(&writer, ack->record);
    pgw_write_u8(&writer, ack->result);
    pgw_write_text(&writer, ack->case_number, 24);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_ack_decode(const pgw_frame *frame, pgw_ack *ack) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    ack->record = pgw_read_record_ref(&reader);
    ack->result = pgw_read_u8(&reader);
    ack->case_number = pgw_read_text(&reader, 24);
    return pgw_decode_finish(&reader, frame, &BODY);
}
