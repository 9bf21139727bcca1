/* What can be wrong with a frame. */
#ifndef PGW_ERROR_H
#define PGW_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum pgw_error {
    PGW_OK = 0,
    /* Reading. All are final: the same bytes fail again. */
    PGW_ERROR_SHORT,        /* fewer bytes than a header has */
    PGW_ERROR_MAGIC,        /* the first byte is not that of a frame */
    PGW_ERROR_VERSION,      /* a version of the frame that is not known here */
    PGW_ERROR_FLAGS,        /* a flag that must be understood and is not; also when writing */
    PGW_ERROR_SUITE,        /* an authentication suite that is not offered here; also when deriving a key */
    PGW_ERROR_KEY,          /* none of the keys is for this suite and key id */
    PGW_ERROR_LENGTH,       /* the frame does not end where its header says */
    PGW_ERROR_TAG,          /* damaged or forged */
    PGW_ERROR_MESSAGE_TYPE, /* the frame carries another type than the one asked for */
    PGW_ERROR_REVISION,     /* revision 0, which no type has */
    PGW_ERROR_BODY_SHORT,   /* the body is shorter than its revision allows */
    PGW_ERROR_BODY_LONG,    /* the body goes on behind the last field of its revision */
    PGW_ERROR_ENDED,        /* the body ends within a field */
    PGW_ERROR_NUMBER,       /* a number is too large for its field */
    /* Reading and writing. */
    PGW_ERROR_UTF8,     /* a text is not UTF-8 */
    PGW_ERROR_CAPACITY, /* a text or a list is longer than its field allows */
    /* Writing. Nothing of the output may be used. */
    PGW_ERROR_FIELD,  /* uptime_ms needs more than 40 bits, or unix_ms more than 48 */
    PGW_ERROR_BUFFER, /* the output is too small */
    /* Serial links. The packet is gone; the stream goes on behind its delimiter. */
    PGW_ERROR_EMPTY,     /* a packet without a byte of a frame; also when writing */
    PGW_ERROR_OVERLONG,  /* a packet that is longer than the receiver's buffer */
    PGW_ERROR_TRUNCATED, /* a packet that ends within a block */
    PGW_ERROR_CRC        /* a packet whose CRC does not match */
} pgw_error;

/* The error in words, for a log. Never NULL. */
const char *pgw_error_text(pgw_error error);

#ifdef __cplusplus
}
#endif

#endif
