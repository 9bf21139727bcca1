/* Message type 7: how a device is, and what it understands. */
#ifndef PGW_STATUS_H
#define PGW_STATUS_H

#include "pgw_frame.h"
#include "pgw_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PGW_STATUS_REVISION 1u
#define PGW_STATUS_REVISIONS_MAX 32u

/* A device's own health, and what it understands. */
typedef struct pgw_status {
    pgw_text firmware;          /* version as its maker writes it, at most 24 bytes; empty = absent */
    uint16_t hardware_revision; /* by its maker; 0 = absent */
    uint8_t reset_reason;       /* PGW_RESET_REASON_...: why the device started */
    uint32_t capabilities;      /* PGW_CAPABILITIES_... bits; one that is 0 = it can't, or does not say */
    /* highest revision understood of each message type, entry 0 for type 1; 0 = none */
    uint8_t revisions[PGW_STATUS_REVISIONS_MAX];
    size_t revisions_count;
    uint8_t battery_percent;    /* 1..=100; 0 = absent, an empty battery says 1 */
    uint16_t supply_mv;         /* supply voltage; 0 = absent */
    int16_t temperature_deci_c; /* of the device, 0.1 degrees Celsius; 0 = absent, a measured 0 is sent as 1 */
    int16_t signal_dbm;         /* signal strength, below 0; 0 = absent */
    uint32_t storage_free_kib;  /* 0 = absent, a full storage says 1 */
    uint32_t queued;            /* records waiting on the device; 0 = none, or not counted */
    uint32_t dropped;           /* records dropped since the boot; 0 = none, or not counted */
    /* frames from the gateway whose tag was refused since the boot; 0 = none, or not counted */
    uint32_t auth_failures;
    uint32_t config_id;         /* id of the settings in force; 0 = those it left the factory with */
} pgw_status;

/* Seal: writes a whole frame to `out` and its length to `frame_len`. Decode: whatever the revision is; missing fields
 * of an older one are 0, the tail of a newer one is ignored. On an error nothing of the output may be used. */
pgw_error pgw_status_seal(const pgw_header *header, const pgw_status *status, const pgw_key *key, uint8_t *out,
                          size_t out_len, size_t *frame_len);
pgw_error pgw_status_decode(const pgw_frame *frame, pgw_status *status);

#ifdef __cplusplus
}
#endif

#endif
