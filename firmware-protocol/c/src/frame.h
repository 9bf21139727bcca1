/* What the files of the bodies need to make and read frames. */
#ifndef PGW_FRAME_PRIVATE_H
#define PGW_FRAME_PRIVATE_H

#include "pgw_frame.h"
#include "wire.h"

/* A type of body. */
typedef struct pgw_body {
    uint8_t message_type;
    uint8_t revision;        /* what is written here; also the number of min_lens */
    const uint8_t *min_lens; /* bytes the shortest body of each revision has, from revision 1 */
} pgw_body;

/* Starts a frame in `out`: the body's fields are written next. */
pgw_writer pgw_seal_start(uint8_t *out, size_t out_len);

/* Puts the header before the body and the tag behind it. */
pgw_error pgw_seal_finish(const pgw_writer *writer, const pgw_body *body, const pgw_header *header, const pgw_key *key,
                          size_t *frame_len);

/* Starts reading a frame's body, if it is of that type and long enough for its revision; else the reader has failed. */
pgw_reader pgw_decode_start(const pgw_frame *frame, const pgw_body *body);

/* What came of it: the first error, or bytes left over that should not be there. */
pgw_error pgw_decode_finish(pgw_reader *reader, const pgw_frame *frame, const pgw_body *body);

#endif
