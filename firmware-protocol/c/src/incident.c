/* Message type 3: something found on the street that becomes a case. */
#include "pgw_incident.h"

#include "frame.h"
#include "pgw_values.h"

static const uint8_t MIN_LENS[] = {19};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_INCIDENT, PGW_INCIDENT_REVISION, MIN_LENS};

pgw_error pgw_incident_seal(const pgw_header *header, const pgw_incident *incident, const pgw_key *key, uint8_t *out,
                            size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, incident->category);
    pgw_write_u8(&writer, incident->kind);
    pgw_write_u8(&writer, incident->severity);
    pgw_write_varint(&writer, incident->age_ms);
    pgw_write_u8(&writer, incident->fix);
    pgw_write_degrees(&writer, incident->lat_e7);
    pgw_write_degrees(&writer, incident->lon_e7);
    pgw_write_varint(&writer, incident->accuracy_dm);
    pgw_write_varint(&writer, incident->fix_age_ms);
    pgw_write_text(&writer, incident->operator_, 24);
    pgw_write_text(&writer, incident->stall_card, 24);
    pgw_write_text(&writer, incident->description, 240);
    pgw_write_record_refs(&writer, incident->evidence, incident->evidence_count, PGW_INCIDENT_EVIDENCE_MAX);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_incident_decode(const pgw_frame *frame, pgw_incident *incident) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    incident->category = pgw_read_u16(&reader);
    incident->kind = pgw_read_u8(&reader);
    incident->severity = pgw_read_u8(&reader);
    incident->age_ms = pgw_read_u32(&reader);
    incident->fix = pgw_read_u8(&reader);
    incident->lat_e7 = pgw_read_degrees(&reader);
    incident->lon_e7 = pgw_read_degrees(&reader);
    incident->accuracy_dm = pgw_read_u16(&reader);
    incident->fix_age_ms = pgw_read_u32(&reader);
    incident->operator_ = pgw_read_text(&reader, 24);
    incident->stall_card = pgw_read_text(&reader, 24);
    incident->description = pgw_read_text(&reader, 240);
    incident->evidence_count = pgw_read_record_refs(&reader, incident->evidence, PGW_INCIDENT_EVIDENCE_MAX);
    return pgw_decode_finish(&reader, frame, &BODY);
}
