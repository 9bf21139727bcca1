/* Message type 11: settings for a device (down). */
#ifndef PGW_CONFIG_H
#define PGW_CONFIG_H

#include "pgw_frame.h"
#include "pgw_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_CONFIG_REVISION 1u
#define PGW_SETTINGS_MAX 8u
#define PGW_SETTING_VALUE_LEN_MAX 24u

/* One setting. */
typedef struct pgw_setting {
    uint16_t key;    /* PGW_SETTING_KEY_...: what it sets */
    pgw_bytes value; /* to what; empty = back to the factory's; numbers: pgw_setting_number */
} pgw_setting;

/* Settings for a device (down). Those it does not name stay as they are. */
typedef struct pgw_config {
    uint32_t config_id; /* names this set; repeated in the status once it is in force; 0 is refused */
    /* empty = everything back to the factory's */
    pgw_setting settings[PGW_SETTINGS_MAX];
    size_t settings_count;
} pgw_config;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_config_seal(const pgw_header *header, const pgw_config *config, const pgw_key *key, uint8_t *out,
                          size_t out_len, size_t *frame_len);
pgw_error pgw_config_decode(const pgw_frame *frame, pgw_config *config);

/* The value as a number; false when it does not have 4 bytes. */
bool pgw_setting_number(const pgw_setting *setting, uint32_t *number);

#ifdef __cplusplus
}
#endif

#endif
