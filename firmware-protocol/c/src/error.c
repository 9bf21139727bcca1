/* Errors in words. */
#include "pgw_error.h"

const char *pgw_error_text(pgw_error error) {
    switch (error) {
    case PGW_OK: return "no error";
    case PGW_ERROR_SHORT: return "too few bytes for a header of 36";
    case PGW_ERROR_MAGIC: return "does not start with 0xc1 as a frame does";
    case PGW_ERROR_VERSION: return "the frame's version is not understood";
    case PGW_ERROR_FLAGS: return "a must-understand flag is not understood";
    case PGW_ERROR_SUITE: return "the authentication suite is not offered";
    case PGW_ERROR_KEY: return "no key for the frame's suite and key id";
    case PGW_ERROR_LENGTH: return "the frame does not end where its header says";
    case PGW_ERROR_TAG: return "the tag does not match";
    case PGW_ERROR_MESSAGE_TYPE: return "another message type than the one asked for";
    case PGW_ERROR_REVISION: return "revision 0 does not exist";
    case PGW_ERROR_BODY_SHORT: return "the body is too short for its revision";
    case PGW_ERROR_BODY_LONG: return "the body has bytes too many for its revision";
    case PGW_ERROR_ENDED: return "the body ends within a field";
    case PGW_ERROR_NUMBER: return "a number is too large for its field";
    case PGW_ERROR_UTF8: return "a text is not UTF-8";
    case PGW_ERROR_CAPACITY: return "a text or a list is longer than its field allows";
    case PGW_ERROR_FIELD: return "uptime_ms or unix_ms is too large for the header";
    case PGW_ERROR_BUFFER: return "the output is too small";
    case PGW_ERROR_EMPTY: return "a packet without a byte of a frame";
    case PGW_ERROR_OVERLONG: return "the packet is longer than the buffer";
    case PGW_ERROR_TRUNCATED: return "the packet ends within a block";
    case PGW_ERROR_CRC: return "the packet's CRC does not match";
    }
    return "unknown error";
}
