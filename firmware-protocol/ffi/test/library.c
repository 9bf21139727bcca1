/* Does with the static library what the tests of the reference ask for, a line each, and answers in JSON, a line each.
 * Bodies come and go through the codec in C, which the library is independent of.
 *
 *   seal SUITE FRAME   seals the body of a frame without a key with the up key of the suite
 *   open SUITE FRAME   opens a frame sealed with the down key of the suite
 *   helpers - FRAME    what firmware asks of the body of a frame without a key
 *   pack - FRAME       the frame's serial packet
 *   receive - STREAM   what a serial receiver finds
 *   edges - FRAME      NULL, memory that was not made, outputs that are too short */
#include <stdlib.h>
#include <string.h>

#include "any_body.h"
#include "copy.h"
#include "edges.h"
#include "input.h"
#include "json.h"

typedef union library_body {
    PatrolTelemetry telemetry;
    PatrolSensorReport sensor_report;
    PatrolIncident incident;
    PatrolEvidenceMeta evidence_meta;
    PatrolEvidenceChunk evidence_chunk;
    PatrolEvidenceWant evidence_want;
    PatrolStatus status;
    PatrolTask task;
    PatrolTaskAck task_ack;
    PatrolTimeSync time_sync;
    PatrolConfig config;
    PatrolAck ack;
} library_body;

static uint8_t sealed[1 << 17];

static PatrolKey library_key(uint8_t suite, uint8_t key_id, uint8_t direction, const uint8_t device[8]) {
    PatrolKey key;
    uint8_t secret[32];
    for (unsigned i = 0; i < sizeof secret; i++) {
        secret[i] = (uint8_t)i;
    }
    PatrolError error = suite == PGW_SUITE_CRC32C ? patrol_key_crc32c(&key)
                                                  : patrol_key_derive(&key, secret, suite, key_id, direction, device);
    require(error == PATROL_ERROR_OK);
    return key;
}

static void print_error(PatrolError error) {
    json_signed("error", (int64_t)error);
    json_text("text", pgw_text_of(patrol_error_text((int)error)));
}

static PatrolError seal(const PatrolHeader *header, const any_body *body, uint8_t message_type, const PatrolKey *key,
                        uint8_t *out, size_t out_len, size_t *len) {
    library_body copy;
    memset(&copy, 0, sizeof copy);
    switch (message_type) {
#define SEAL(TYPE, name)                                                                                               \
    case PGW_MESSAGE_TYPE_##TYPE:                                                                                      \
        to_library_##name(&copy.name, &body->name);                                                                    \
        return patrol_##name##_seal(header, &copy.name, key, out, out_len, len);
        SEAL(TELEMETRY, telemetry)
        SEAL(SENSOR_REPORT, sensor_report)
        SEAL(INCIDENT, incident)
        SEAL(EVIDENCE_META, evidence_meta)
        SEAL(EVIDENCE_CHUNK, evidence_chunk)
        SEAL(STATUS, status)
        SEAL(TASK_ACK, task_ack)
        SEAL(TIME_SYNC, time_sync)
    }
    return PATROL_ERROR_MESSAGE_TYPE;
}

static void do_seal(const input *line) {
    pgw_frame frame;
    any_body body;
    PatrolHeader header;
    size_t len = 0, shorter_len = 0;
    pgw_key none = pgw_key_crc32c();
    require(pgw_open(line->bytes, line->len, &none, 1, &frame) == PGW_OK);
    require(any_decode(&frame, &body) == PGW_OK);

    memset(&header, 0, sizeof header);
    memcpy(header.device, frame.header.device, sizeof header.device);
    header.boot = frame.header.boot;
    header.seq = frame.header.seq;
    header.uptime_ms = frame.header.uptime_ms;
    header.unix_ms = frame.header.unix_ms;
    header.time_quality = frame.header.time_quality;
    uint8_t suite = (uint8_t)strtoul(line->argument, NULL, 10), message_type = frame.header.message_type;
    PatrolKey key = library_key(suite, 1, PATROL_UP, header.device);
    PatrolError error = seal(&header, &body, message_type, &key, sealed, sizeof sealed, &len);
    if (error != PATROL_ERROR_OK) {
        print_error(error);
        return;
    }
    json_hex("sealed", sealed, len);
    uint8_t *exact = exact_copy(sealed, len - 1);
    require(seal(&header, &body, message_type, &key, exact, len - 1, &shorter_len) == PATROL_ERROR_BUFFER);
    free(exact);
}

static PatrolError open(const input *line, const PatrolKey keys[2], PatrolHeader *header, any_body *body) {
    library_body copy;
    PatrolError error = PATROL_ERROR_MESSAGE_TYPE;
    switch (patrol_message_type(line->bytes, line->len)) {
#define OPEN(TYPE, name)                                                                                               \
    case PGW_MESSAGE_TYPE_##TYPE:                                                                                      \
        error = patrol_##name##_open(line->bytes, line->len, keys, 2, header, &copy.name);                             \
        if (error == PATROL_ERROR_OK) {                                                                                \
            from_library_##name(&body->name, &copy.name);                                                              \
        }                                                                                                              \
        return error;
        OPEN(EVIDENCE_WANT, evidence_want)
        OPEN(TASK, task)
        OPEN(TIME_SYNC, time_sync)
        OPEN(CONFIG, config)
        OPEN(ACK, ack)
    }
    return error;
}

static void do_open(const input *line) {
    PatrolHeader header;
    any_body body;
    uint8_t device[8] = {0};
    if (line->len >= 16) {
        memcpy(device, line->bytes + 8, sizeof device);
    }
    uint8_t suite = (uint8_t)strtoul(line->argument, NULL, 10);
    PatrolKey keys[2] = {library_key(PGW_SUITE_HMAC_SHA256_128, 200, PATROL_DOWN, device),
                         library_key(suite, 1, PATROL_DOWN, device)};
    PatrolError error = open(line, keys, &header, &body);
    if (error != PATROL_ERROR_OK) {
        print_error(error);
        return;
    }
    json_open("header", '{');
    json_unsigned("flags", header.flags);
    json_unsigned("suite", header.suite);
    json_unsigned("key_id", header.key_id);
    json_unsigned("message_type", header.message_type);
    json_unsigned("revision", header.revision);
    json_bytes("device", header.device, sizeof header.device);
    json_unsigned("boot", header.boot);
    json_unsigned("seq", header.seq);
    json_unsigned("uptime_ms", header.uptime_ms);
    json_unsigned("unix_ms", header.unix_ms);
    json_unsigned("time_quality", header.time_quality);
    json_close('}');
    any_print("body", header.message_type, &body);
}

/* The library's answers, in the words of c/test/helpers.c. */
static void do_helpers(const input *line) {
    PatrolHeader header;
    PatrolKey none;
    PatrolEvidenceWant want;
    PatrolConfig config;
    PatrolEvidenceMeta meta;
    pgw_frame frame;
    any_body body;
    pgw_key no_key = pgw_key_crc32c();
    require(patrol_key_crc32c(&none) == PATROL_ERROR_OK);
    require(pgw_open(line->bytes, line->len, &no_key, 1, &frame) == PGW_OK && any_decode(&frame, &body) == PGW_OK);
    if (patrol_evidence_want_open(line->bytes, line->len, &none, 1, &header, &want) == PATROL_ERROR_OK) {
        json_open("lacks", '[');
        uint64_t base = want.base_index, from = base < 2 ? 0 : base - 2;
        for (uint64_t index = from; index < base + 8 * want.missing.len + 2; index++) {
            if (index <= UINT32_MAX && patrol_evidence_want_lacks(&want, (uint32_t)index)) {
                json_unsigned(NULL, index);
            }
        }
        json_close(']');
    } else if (patrol_config_open(line->bytes, line->len, &none, 1, &header, &config) == PATROL_ERROR_OK) {
        json_open("numbers", '[');
        for (size_t i = 0; i < config.settings_count; i++) {
            uint32_t number = 0;
            json_signed(NULL, patrol_setting_number(&config.settings[i], &number) ? (int64_t)number : -1);
        }
        json_close(']');
    } else if (frame.header.message_type == PGW_MESSAGE_TYPE_EVIDENCE_META) {
        to_library_evidence_meta(&meta, &body.evidence_meta);
        json_unsigned("chunks", patrol_evidence_meta_chunks(&meta));
    }
}

static void do_pack(const input *line) {
    size_t len = 0;
    uint8_t *packet = malloc(PATROL_SERIAL_LEN(line->len));
    require(packet != NULL);
    PatrolError error = patrol_serial_encode(line->bytes, line->len, packet, PATROL_SERIAL_LEN(line->len), &len);
    require(error == PATROL_ERROR_OK);
    json_hex("packet", packet, len);
    free(packet);
}

static void do_receive(const input *line) {
    PatrolSerial serial;
    require(patrol_serial_start(&serial) == PATROL_ERROR_OK);
    json_open("received", '[');
    for (size_t i = 0; i < line->len; i++) {
        const uint8_t *frame = NULL;
        size_t len = 0;
        PatrolError error = patrol_serial_push(&serial, line->bytes[i], &frame, &len);
        if (error != PATROL_ERROR_OK) {
            json_signed(NULL, (int64_t)error);
        } else if (len > 0) {
            json_hex(NULL, frame, len);
        }
    }
    json_close(']');
}

int main(void) {
    input line;
    while (input_next(&line)) {
        json_open(NULL, '{');
        if (strcmp(line.command, "seal") == 0) {
            do_seal(&line);
        } else if (strcmp(line.command, "open") == 0) {
            do_open(&line);
        } else if (strcmp(line.command, "helpers") == 0) {
            do_helpers(&line);
        } else if (strcmp(line.command, "pack") == 0) {
            do_pack(&line);
        } else if (strcmp(line.command, "receive") == 0) {
            do_receive(&line);
        } else if (strcmp(line.command, "edges") == 0) {
            edges(line.bytes, line.len);
        } else {
            abort();
        }
        json_close('}');
        json_line_end();
        input_free(&line);
    }
    return 0;
}
