#include "any_body.h"

#include "print.h"

pgw_error any_decode(const pgw_frame *frame, any_body *body) {
    switch (frame->header.message_type) {
#define DECODE(TYPE, name)                                                                                             \
    case PGW_MESSAGE_TYPE_##TYPE:                                                                                      \
        return pgw_##name##_decode(frame, &body->name);
        EACH_BODY(DECODE)
#undef DECODE
    }
    return PGW_ERROR_MESSAGE_TYPE;
}

pgw_error any_seal(const pgw_header *header, const any_body *body, const pgw_key *key, uint8_t *out, size_t out_len,
                   size_t *frame_len) {
    switch (header->message_type) {
#define SEAL(TYPE, name)                                                                                               \
    case PGW_MESSAGE_TYPE_##TYPE:                                                                                      \
        return pgw_##name##_seal(header, &body->name, key, out, out_len, frame_len);
        EACH_BODY(SEAL)
#undef SEAL
    }
    return PGW_ERROR_MESSAGE_TYPE;
}

void any_print(const char *name, uint8_t message_type, const any_body *body) {
    json_open(name, '{');
    switch (message_type) {
#define PRINT(TYPE, member)                                                                                            \
    case PGW_MESSAGE_TYPE_##TYPE:                                                                                      \
        print_##member(&body->member);                                                                                 \
        break;
        EACH_BODY(PRINT)
#undef PRINT
    }
    json_close('}');
}
