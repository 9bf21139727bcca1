/* Frames over a serial link. */
#include "pgw_serial.h"

#include "crc32c.h"

#define DELIMITER 0u
/* The code of a block of 254 bytes without a zero behind them. */
#define FULL 0xFFu

/* The blocks of a packet while it is written: the last one is open. */
typedef struct blocks {
    uint8_t *out;
    size_t len_max;
    size_t code_at; /* where the open block's code will stand */
    uint8_t code;   /* how far behind it the next byte goes: 1..=255 */
    pgw_error error;
} blocks;

static void put(blocks *b, size_t at, uint8_t byte) {
    if (at < b->len_max) {
        b->out[at] = byte;
    } else {
        b->error = PGW_ERROR_BUFFER;
    }
}

static void close_block(blocks *b) {
    put(b, b->code_at, b->code);
    b->code_at += b->code;
    b->code = 1;
}

static void put_all(blocks *b, const uint8_t *bytes, size_t len) {
    for (size_t i = 0; i < len && b->error == PGW_OK; i++) {
        if (b->code == FULL) {
            close_block(b);
        }
        if (bytes[i] == 0) {
            close_block(b);
        } else {
            put(b, b->code_at + b->code, bytes[i]);
            b->code++;
        }
    }
}

pgw_error pgw_serial_encode(const uint8_t *frame, size_t frame_len, uint8_t *out, size_t out_len, size_t *packet_len) {
    blocks b = {out, out_len, 0, 1, PGW_OK};
    uint8_t behind[PGW_SERIAL_CRC_LEN];
    if (frame_len == 0) {
        return PGW_ERROR_EMPTY;
    }
    uint32_t crc = pgw_crc32c(PGW_CRC32C_START, frame, frame_len);
    for (unsigned i = 0; i < PGW_SERIAL_CRC_LEN; i++) {
        behind[i] = (uint8_t)(crc >> (8 * i));
    }
    put_all(&b, frame, frame_len);
    put_all(&b, behind, sizeof behind);
    close_block(&b);
    put(&b, b.code_at, DELIMITER);
    *packet_len = b.code_at + 1;
    return b.error;
}

static void wait_for_packet(pgw_serial_receiver *receiver) {
    receiver->len = 0;
    receiver->crc = PGW_CRC32C_START;
    receiver->left = 0;
    receiver->zero_behind = false;
    receiver->in_packet = false;
    receiver->overlong = false;
}

void pgw_serial_start(pgw_serial_receiver *receiver, uint8_t *buffer, size_t buffer_len) {
    receiver->buffer = buffer;
    receiver->buffer_len = buffer_len;
    wait_for_packet(receiver);
}

static void keep(pgw_serial_receiver *receiver, uint8_t byte) {
    if (receiver->len == receiver->buffer_len) {
        receiver->overlong = true;
        return;
    }
    receiver->buffer[receiver->len++] = byte;
    receiver->crc = pgw_crc32c(receiver->crc, &byte, 1);
}

/* What the packet was that ends here. */
static pgw_error ended(const pgw_serial_receiver *receiver) {
    if (receiver->overlong) {
        return PGW_ERROR_OVERLONG;
    }
    if (receiver->left > 0) {
        return PGW_ERROR_TRUNCATED;
    }
    if (receiver->len <= PGW_SERIAL_CRC_LEN) {
        return PGW_ERROR_EMPTY;
    }
    return receiver->crc == PGW_CRC32C_RESIDUE ? PGW_OK : PGW_ERROR_CRC;
}

bool pgw_serial_push(pgw_serial_receiver *receiver, uint8_t byte, pgw_error *error, size_t *frame_len) {
    if (byte == DELIMITER) {
        bool in_packet = receiver->in_packet;
        *error = ended(receiver);
        *frame_len = *error == PGW_OK ? receiver->len - PGW_SERIAL_CRC_LEN : 0;
        wait_for_packet(receiver);
        return in_packet;
    }
    receiver->in_packet = true;
    if (receiver->overlong) {
        return false;
    }
    if (receiver->left > 0) {
        receiver->left--;
        keep(receiver, byte);
        return false;
    }
    if (receiver->zero_behind) {
        keep(receiver, 0);
    }
    receiver->left = (uint8_t)(byte - 1);
    receiver->zero_behind = byte != FULL;
    return false;
}
