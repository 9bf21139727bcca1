/* Message types 8 and 9: the platform's orders, and what became of them. */
#include "pgw_task.h"

#include "frame.h"
#include "pgw_values.h"

static const uint8_t TASK_MIN_LENS[] = {19};
static const pgw_body TASK_BODY = {PGW_MESSAGE_TYPE_TASK, PGW_TASK_REVISION, TASK_MIN_LENS};

pgw_error pgw_task_seal(const pgw_header *header, const pgw_task *task, const pgw_key *key, uint8_t *out,
                        size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, task->task);
    pgw_write_varint(&writer, task->revision);
    pgw_write_u8(&writer, task->kind);
    pgw_write_u8(&writer, task->priority);
    pgw_write_varint(&writer, task->issued_unix_ms);
    pgw_write_varint(&writer, task->deadline_unix_ms);
    pgw_write_u8(&writer, task->fix);
    pgw_write_degrees(&writer, task->lat_e7);
    pgw_write_degrees(&writer, task->lon_e7);
    pgw_write_varint(&writer, task->radius_m);
    pgw_write_text(&writer, task->stall_card, 24);
    pgw_write_text(&writer, task->title, 64);
    pgw_write_text(&writer, task->text, 240);
    return pgw_seal_finish(&writer, &TASK_BODY, header, key, frame_len);
}

pgw_error pgw_task_decode(const pgw_frame *frame, pgw_task *task) {
    pgw_reader reader = pgw_decode_start(frame, &TASK_BODY);
    task->task = pgw_read_u64(&reader);
    task->revision = pgw_read_u32(&reader);
    task->kind = pgw_read_u8(&reader);
    task->priority = pgw_read_u8(&reader);
    task->issued_unix_ms = pgw_read_u64(&reader);
    task->deadline_unix_ms = pgw_read_u64(&reader);
    task->fix = pgw_read_u8(&reader);
    task->lat_e7 = pgw_read_degrees(&reader);
    task->lon_e7 = pgw_read_degrees(&reader);
    task->radius_m = pgw_read_u32(&reader);
    task->stall_card = pgw_read_text(&reader, 24);
    task->title = pgw_read_text(&reader, 64);
    task->text = pgw_read_text(&reader, 240);
    return pgw_decode_finish(&reader, frame, &TASK_BODY);
}

static const uint8_t TASK_ACK_MIN_LENS[] = {7};
static const pgw_body TASK_ACK_BODY = {PGW_MESSAGE_TYPE_TASK_ACK, PGW_TASK_ACK_REVISION, TASK_ACK_MIN_LENS};

pgw_error pgw_task_ack_seal(const pgw_header *header, const pgw_task_ack *ack, const pgw_key *key, uint8_t *out,
                            size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, ack->task);
    pgw_write_varint(&writer, ack->revision);
    pgw_write_u8(&writer, ack->state);
    pgw_write_u8(&writer, ack->reason);
    pgw_write_varint(&writer, ack->age_ms);
    pgw_write_text(&writer, ack->note, 120);
    pgw_write_record_refs(&writer, ack->evidence, ack->evidence_count, PGW_TASK_ACK_EVIDENCE_MAX);
    return pgw_seal_finish(&writer, &TASK_ACK_BODY, header, key, frame_len);
}

pgw_error pgw_task_ack_decode(const pgw_frame *frame, pgw_task_ack *ack) {
    pgw_reader reader = pgw_decode_start(frame, &TASK_ACK_BODY);
    ack->task = pgw_read_u64(&reader);
    ack->revision = pgw_read_u32(&reader);
    ack->state = pgw_read_u8(&reader);
    ack->reason = pgw_read_u8(&reader);
    ack->age_ms = pgw_read_u32(&reader);
    ack->note = pgw_read_text(&reader, 120);
    ack->evidence_count = pgw_read_record_refs(&reader, ack->evidence, PGW_TASK_ACK_EVIDENCE_MAX);
    return pgw_decode_finish(&reader, frame, &TASK_ACK_BODY);
}
