/* What bodies share: texts, bytes, and the names of records. */
#ifndef PGW_TEXT_H
#define PGW_TEXT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* UTF-8, not ended by a zero. Borrowed: what a decoded body holds points into its frame, what is sealed stays the
 * caller's. Empty (len 0) means absent; `at` may then be NULL. */
typedef struct pgw_text {
    const char *at;
    size_t len;
} pgw_text;

/* Bytes, borrowed like a text. */
typedef struct pgw_bytes {
    const uint8_t *at;
    size_t len;
} pgw_bytes;

/* Names another record of the same device; (0, 0) = absent. */
typedef struct pgw_record_ref {
    uint32_t boot;
    uint32_t seq;
} pgw_record_ref;

/* The text of a string. */
pgw_text pgw_text_of(const char *string);

/* As much of a text as fits into `len_max` bytes without splitting a character. */
pgw_text pgw_text_truncated(pgw_text text, size_t len_max);

#ifdef __cplusplus
}
#endif

#endif
