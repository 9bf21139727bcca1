/* Does with the codec what the tests of the reference ask for, a line each, and answers in JSON, a line each.
 *
 *   open DIRECTION FRAME      opens and decodes the frame, prints it, and seals the same body again
 *   appended DIRECTION FRAME  the same, read as telemetry of a second revision
 *   header DIRECTION FRAME    reads the header alone
 *   helpers DIRECTION FRAME   what firmware asks of the body
 *   cut LEN TEXT              the text cut to that many bytes
 *   utf8 LEN WORDS            which words of that many bytes are UTF-8
 *   sweep DIRECTION FRAME     changes and cuts the frame and its body in every place
 *   device ID                 the eight bytes that stand for an id
 *   quality MS SOURCE         the byte of the time quality
 *   pack - FRAME              the frame's serial packet
 *   receive LEN STREAM        what a serial receiver with a buffer of that length finds */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "any_body.h"
#include "appended.h"
#include "helpers.h"
#include "input.h"
#include "json.h"
#include "stream.h"
#include "sweep.h"

/* The keys of the frame's device, as the header claims it. */
static void keys_for(const input *line, pgw_key keys[KEYS]) {
    uint8_t secret[PGW_SECRET_LEN], device[PGW_DEVICE_LEN] = {0}, key_id = 0;
    for (unsigned i = 0; i < PGW_SECRET_LEN; i++) {
        secret[i] = (uint8_t)i;
    }
    if (line->len >= PGW_HEADER_LEN) {
        key_id = line->bytes[3];
        memcpy(device, line->bytes + 8, sizeof device);
    }
    pgw_direction direction = strcmp(line->argument, "up") == 0 ? PGW_UP : PGW_DOWN;
    keys[0] = pgw_key_crc32c();
    if (pgw_key_derive(&keys[1], secret, PGW_SUITE_HMAC_SHA256_64, key_id, direction, device) != PGW_OK ||
        pgw_key_derive(&keys[2], secret, PGW_SUITE_HMAC_SHA256_128, key_id, direction, device) != PGW_OK) {
        abort();
    }
}

static const pgw_key *key_of_suite(uint8_t suite, const pgw_key keys[KEYS]) {
    for (unsigned i = 0; i < KEYS; i++) {
        if (keys[i].suite == suite) {
            return &keys[i];
        }
    }
    abort();
}

static void print_header(const pgw_header *header) {
    json_open("header", '{');
    json_unsigned("flags", header->flags);
    json_unsigned("suite", header->suite);
    json_unsigned("key_id", header->key_id);
    json_unsigned("message_type", header->message_type);
    json_unsigned("revision", header->revision);
    json_bytes("device", header->device, sizeof header->device);
    json_unsigned("boot", header->boot);
    json_unsigned("seq", header->seq);
    json_unsigned("uptime_ms", header->uptime_ms);
    json_unsigned("unix_ms", header->unix_ms);
    json_unsigned("time_quality", header->time_quality);
    json_close('}');
}

static void print_error(pgw_error error) {
    json_signed("error", error);
    json_text("text", pgw_text_of(pgw_error_text(error)));
}

/* Prints what sealing the body again gave, and that no shorter output is ever written to. */
static void reseal(const pgw_header *header, const any_body *body, const appended *as_appended, const pgw_key *key) {
    static uint8_t out[1 << 17];
    size_t len = 0;
    pgw_error error = as_appended != NULL ? appended_seal(header, as_appended, key, out, sizeof out, &len)
                                          : any_seal(header, body, key, out, sizeof out, &len);
    if (error != PGW_OK) {
        print_error(error);
        return;
    }
    json_hex("resealed", out, len);
    size_t step = len > 1024 ? len / 64 : 1;
    for (size_t shorter = 0; shorter < len; shorter += step) {
        uint8_t *exact = exact_copy(out, shorter);
        size_t unused = 0;
        error = as_appended != NULL ? appended_seal(header, as_appended, key, exact, shorter, &unused)
                                    : any_seal(header, body, key, exact, shorter, &unused);
        if (error != PGW_ERROR_BUFFER) {
            json_unsigned("written_to_a_shorter_output", shorter);
        }
        free(exact);
    }
}

static void do_open(const input *line, bool read_as_appended) {
    pgw_key keys[KEYS];
    pgw_frame frame;
    any_body body;
    appended as_appended;
    keys_for(line, keys);
    pgw_error error = pgw_open(line->bytes, line->len, keys, KEYS, &frame);
    if (error != PGW_OK) {
        print_error(error);
        return;
    }
    print_header(&frame.header);
    error = read_as_appended ? appended_decode(&frame, &as_appended) : any_decode(&frame, &body);
    if (error != PGW_OK) {
        print_error(error);
        return;
    }
    if (read_as_appended) {
        appended_print("body", &as_appended);
    } else {
        any_print("body", frame.header.message_type, &body);
    }
    reseal(&frame.header, &body, read_as_appended ? &as_appended : NULL, key_of_suite(frame.header.suite, keys));
}

static void do_helpers(const input *line) {
    pgw_key keys[KEYS];
    pgw_frame frame;
    any_body body;
    keys_for(line, keys);
    if (pgw_open(line->bytes, line->len, keys, KEYS, &frame) == PGW_OK && any_decode(&frame, &body) == PGW_OK) {
        helpers_print(frame.header.message_type, &body);
    }
}

static void do_header(const input *line) {
    pgw_header header;
    uint16_t body_len = 0;
    pgw_error error = pgw_header_read(line->bytes, line->len, &header, &body_len);
    if (error != PGW_OK) {
        print_error(error);
        return;
    }
    print_header(&header);
    json_unsigned("body_len", body_len);
}

static void answer(const input *line) {
    pgw_key keys[KEYS];
    if (strcmp(line->command, "open") == 0) {
        do_open(line, false);
    } else if (strcmp(line->command, "appended") == 0) {
        do_open(line, true);
    } else if (strcmp(line->command, "header") == 0) {
        do_header(line);
    } else if (strcmp(line->command, "helpers") == 0) {
        do_helpers(line);
    } else if (strcmp(line->command, "utf8") == 0) {
        helpers_utf8(line->bytes, line->len, strtoul(line->argument, NULL, 10));
    } else if (strcmp(line->command, "cut") == 0) {
        helpers_cut(line->bytes, line->len, strtoul(line->argument, NULL, 10));
    } else if (strcmp(line->command, "sweep") == 0) {
        keys_for(line, keys);
        sweep(line->bytes, line->len, keys);
    } else if (strcmp(line->command, "device") == 0) {
        uint8_t device[PGW_DEVICE_LEN];
        pgw_device_of(line->argument, device);
        json_bytes("device", device, sizeof device);
    } else if (strcmp(line->command, "quality") == 0 && line->len == 1) {
        unsigned long error_ms = strtoul(line->argument, NULL, 10);
        json_unsigned("quality", pgw_time_quality(line->bytes[0], (uint32_t)error_ms));
    } else if (strcmp(line->command, "pack") == 0) {
        stream_pack(line->bytes, line->len);
    } else if (strcmp(line->command, "receive") == 0) {
        stream_receive(line->bytes, line->len, strtoul(line->argument, NULL, 10));
    } else {
        abort();
    }
}

int main(void) {
    input line;
    while (input_next(&line)) {
        json_open(NULL, '{');
        answer(&line);
        json_close('}');
        json_line_end();
        input_free(&line);
    }
    return 0;
}
