/* The patrol gateway's wire format for devices, from the static library in ffi. Made from its
 * sources; do not edit. */

#ifndef PATROL_FIRMWARE_H
#define PATROL_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that every frame with a body of at most so many bytes fits into: PATROL_FRAME_LEN(PGW_TELEMETRY_LEN_MAX). */
#define PATROL_FRAME_LEN(body_len_max) (36u + (body_len_max) + 16u)
/* Bytes that the serial packet of a frame of `frame_len` bytes fits into. */
#define PATROL_SERIAL_LEN(frame_len) ((frame_len) + 4u + ((frame_len) + 4u + 253u) / 254u + 1u)

/* What a body is. */
#define PGW_MESSAGE_TYPE_TELEMETRY 1u /* Position and vehicle state. */
#define PGW_MESSAGE_TYPE_SENSOR_REPORT 2u /* Sensor readings. */
#define PGW_MESSAGE_TYPE_INCIDENT 3u /* A finding on the street. */
#define PGW_MESSAGE_TYPE_EVIDENCE_META 4u /* Description of a photo or clip. */
#define PGW_MESSAGE_TYPE_EVIDENCE_CHUNK 5u /* A piece of a photo or clip. */
#define PGW_MESSAGE_TYPE_EVIDENCE_WANT 6u /* Which pieces the gateway lacks (down). */
#define PGW_MESSAGE_TYPE_STATUS 7u /* A device's own health. */
#define PGW_MESSAGE_TYPE_TASK 8u /* An order of the platform (down). */
#define PGW_MESSAGE_TYPE_TASK_ACK 9u /* A device's answer to a task. */
#define PGW_MESSAGE_TYPE_TIME_SYNC 10u /* Question and answer about the time. */
#define PGW_MESSAGE_TYPE_CONFIG 11u /* Settings for the device (down). */
#define PGW_MESSAGE_TYPE_TRACK_BATCH 12u /* A stretch of positions. */
#define PGW_MESSAGE_TYPE_ACK 13u /* The receipt of a report (down). */

/* How the tag behind the body is made. */
/* CRC-32C, 4 bytes: finds damage, stops no forger. Only where the gateway's registry allows it. */
#define PGW_SUITE_CRC32C 0u
#define PGW_SUITE_HMAC_SHA256_64 1u /* HMAC-SHA256 cut to 8 bytes, for LoRa. */
#define PGW_SUITE_HMAC_SHA256_128 2u /* HMAC-SHA256 cut to 16 bytes. */
#define PGW_SUITE_HMAC_SM3_128 4u /* HMAC-SM3 cut to 16 bytes. */
#define PGW_SUITE_ED25519 5u /* Reserved for signatures of incidents and evidence, 64 bytes. */

/* Where a clock got its time. */
#define PGW_TIME_SOURCE_NONE 0u /* No source: the clock was never set. */
#define PGW_TIME_SOURCE_RTC 1u /* A free-running real-time clock. */
#define PGW_TIME_SOURCE_DISCIPLINED_RTC 2u /* A real-time clock corrected for its drift. */
#define PGW_TIME_SOURCE_NETWORK 3u /* Network time (NTP, cellular). */
#define PGW_TIME_SOURCE_GATEWAY_SYNC 4u /* Time from the gateway. */
#define PGW_TIME_SOURCE_GNSS 5u /* Satellite time. */

/* What became of a report. */
#define PGW_ACK_RESULT_UNKNOWN 0u /* Not said. */
#define PGW_ACK_RESULT_ACCEPTED 1u /* The platform took it. */
#define PGW_ACK_RESULT_REJECTED 2u /* The platform refused it for good. */
#define PGW_ACK_RESULT_NOT_UNDERSTOOD 3u /* The gateway could not read it; it is kept there for a technician. */

/* What a setting sets. Numbers from 1024 on belong to the makers of devices. */
#define PGW_SETTING_KEY_UNKNOWN 0u /* Not said; a device passes over it. */
#define PGW_SETTING_KEY_MOVING_INTERVAL_MS 1u /* Time between two telemetries while moving, in ms. */
#define PGW_SETTING_KEY_STANDING_INTERVAL_MS 2u /* Time between two telemetries while standing, in ms. */
#define PGW_SETTING_KEY_SENSOR_INTERVAL_MS 3u /* Time between two sensor reports, in ms. */
#define PGW_SETTING_KEY_STATUS_INTERVAL_MS 4u /* Time between two statuses, in ms. */
#define PGW_SETTING_KEY_TRACK_POINTS 5u /* Points of a track batch, 1..=64; 1 = telemetry instead. */
#define PGW_SETTING_KEY_WINDOW 6u /* Frames in flight at most. */
#define PGW_SETTING_KEY_CHUNK_SIZE_LOG2 7u /* Binary logarithm of the bytes of an evidence chunk, 6..=15. */
#define PGW_SETTING_KEY_TIME_SYNC_INTERVAL_MS 8u /* Time between two questions about the time, in ms. */

/* The format of a file. */
#define PGW_MEDIA_TYPE_UNKNOWN 0u /* Not said. */
#define PGW_MEDIA_TYPE_JPEG 1u /* Photo, JPEG. */
#define PGW_MEDIA_TYPE_PNG 2u /* Photo, PNG. */
#define PGW_MEDIA_TYPE_WEBP 3u /* Photo, WebP. */
#define PGW_MEDIA_TYPE_HEIF 4u /* Photo, HEIF. */
#define PGW_MEDIA_TYPE_MP4_H264 5u /* Clip, MP4 with H.264. */
#define PGW_MEDIA_TYPE_MP4_H265 6u /* Clip, MP4 with H.265. */
#define PGW_MEDIA_TYPE_AAC 7u /* Sound, AAC. */
#define PGW_MEDIA_TYPE_OPUS 8u /* Sound, Opus in Ogg. */

/* What a photo or clip shows of its incident. */
#define PGW_EVIDENCE_USAGE_UNKNOWN 0u /* Not said. */
#define PGW_EVIDENCE_USAGE_BEFORE 1u /* The place as it was found (处置前). */
#define PGW_EVIDENCE_USAGE_AFTER 2u /* The place after it was handled (处置后). */
#define PGW_EVIDENCE_USAGE_CLIP 3u /* A stretch of video or sound. */

/* How far a transfer is. */
#define PGW_TRANSFER_STATE_UNKNOWN 0u /* Not said; a device takes it for PGW_TRANSFER_STATE_WAIT. */
#define PGW_TRANSFER_STATE_WANTED 1u /* The chunks in the bitmap are lacking. */
/* Every byte is there, safe, and the SHA-256 holds: the device may delete the file. */
#define PGW_TRANSFER_STATE_COMPLETE 2u
#define PGW_TRANSFER_STATE_WAIT 3u /* Not now; the description is to be sent again later. */
/* Never: too large, or a description that can't be; the device keeps the file and reports it. */
#define PGW_TRANSFER_STATE_REFUSED 4u
/* All bytes were there and the SHA-256 did not hold: what was sent is dropped, the transfer starts over. */
#define PGW_TRANSFER_STATE_MISMATCH 5u

/* How a position was found. With PGW_FIX_TYPE_NONE the latitude and longitude beside it say nothing; with any
 * other value, known or not, they are there, even at 0. */
#define PGW_FIX_TYPE_NONE 0u /* No position. */
#define PGW_FIX_TYPE_DEAD_RECKONING 1u /* Carried on from the last fix by speed, heading or inertia. */
#define PGW_FIX_TYPE_GNSS_2D 2u /* Satellites, without height. */
#define PGW_FIX_TYPE_GNSS_3D 3u /* Satellites, with height. */
#define PGW_FIX_TYPE_GNSS_DIFFERENTIAL 4u /* Satellites with corrections (SBAS, differential). */
#define PGW_FIX_TYPE_RTK_FLOAT 5u /* Carrier phase, ambiguities not fixed. */
#define PGW_FIX_TYPE_RTK_FIXED 6u /* Carrier phase, ambiguities fixed. */
#define PGW_FIX_TYPE_SURVEYED 7u /* A surveyed place the device stands at. */
#define PGW_FIX_TYPE_MANUAL 8u /* Put on the map by a person. */
#define PGW_FIX_TYPE_NETWORK 9u /* Cell towers or Wi-Fi. */

/* Which table a category is from: both use the same numbers. */
#define PGW_CASE_KIND_UNKNOWN 0u /* Not said; a gateway can't make a case of it. */
#define PGW_CASE_KIND_EVENT 1u /* Something that happens, such as an unlicensed stall (事件). */
#define PGW_CASE_KIND_COMPONENT 2u /* A piece of city equipment, such as a manhole cover (部件). */

/* What was measured. The number fixes the unit: see the comments. */
#define PGW_QUANTITY_UNKNOWN 0u /* Not said; a gateway passes the value on without a unit. */
#define PGW_QUANTITY_TEMPERATURE 1u /* Temperature in degrees Celsius. */
#define PGW_QUANTITY_RELATIVE_HUMIDITY 2u /* Relative humidity in percent. */
#define PGW_QUANTITY_AIR_PRESSURE 3u /* Air pressure in Pa. */
#define PGW_QUANTITY_WATER_LEVEL 4u /* Height of water above the sensor's zero in m. */
#define PGW_QUANTITY_NOISE_LEVEL 5u /* A-weighted sound level in dB. */
#define PGW_QUANTITY_PM2_5 6u /* Particles up to 2.5 um in ug/m3. */
#define PGW_QUANTITY_PM10 7u /* Particles up to 10 um in ug/m3. */
#define PGW_QUANTITY_ILLUMINANCE 8u /* Illuminance in lx. */
#define PGW_QUANTITY_WIND_SPEED 9u /* Wind speed in m/s. */
#define PGW_QUANTITY_WIND_DIRECTION 10u /* Where the wind comes from, degrees clockwise from north. */
#define PGW_QUANTITY_RAINFALL 11u /* Rain in mm. */
#define PGW_QUANTITY_CARBON_DIOXIDE 12u /* Carbon dioxide in ppm. */
#define PGW_QUANTITY_CARBON_MONOXIDE 13u /* Carbon monoxide in ppm. */
#define PGW_QUANTITY_HYDROGEN_SULFIDE 14u /* Hydrogen sulfide in ppm. */
#define PGW_QUANTITY_COMBUSTIBLE_GAS 15u /* Combustible gas in percent of the lower explosive limit. */
#define PGW_QUANTITY_SMOKE 16u /* Smoke as obscuration in percent per m. */
#define PGW_QUANTITY_VOLTAGE 17u /* Voltage in V. */
#define PGW_QUANTITY_CURRENT 18u /* Current in A. */
#define PGW_QUANTITY_POWER 19u /* Power in W. */
#define PGW_QUANTITY_ENERGY 20u /* Energy in Wh. */
#define PGW_QUANTITY_TILT 21u /* Inclination in degrees. */
#define PGW_QUANTITY_ACCELERATION 22u /* Acceleration in m/s2. */
#define PGW_QUANTITY_DISTANCE 23u /* Distance in m. */
#define PGW_QUANTITY_FILL_LEVEL 24u /* How full a bin or tank is, in percent. */
#define PGW_QUANTITY_PEOPLE 25u /* A number of people. */
#define PGW_QUANTITY_VEHICLES 26u /* A number of vehicles. */
#define PGW_QUANTITY_OPEN 27u /* 1 = open, 0 = closed: a cover, a door. */
#define PGW_QUANTITY_FLOW 28u /* Flow of a liquid in m3/h. */
#define PGW_QUANTITY_MASS 29u /* Weight as mass in kg. */
#define PGW_QUANTITY_BATTERY 30u /* Battery charge of a part that has one of its own, in percent. */

/* How far to trust a reading. */
#define PGW_READING_STATUS_GOOD 0u /* Measured as usual. */
#define PGW_READING_STATUS_BELOW_RANGE 1u /* Below what the sensor can measure; the value is its lower end. */
#define PGW_READING_STATUS_ABOVE_RANGE 2u /* Above what the sensor can measure; the value is its upper end. */
#define PGW_READING_STATUS_FAULT 3u /* The sensor is faulty or not connected; the value says nothing. */
#define PGW_READING_STATUS_STALE 4u /* An old value: the sensor has not answered since. */
#define PGW_READING_STATUS_CALIBRATING 5u /* The sensor warms up or is being calibrated. */
#define PGW_READING_STATUS_ESTIMATED 6u /* Not measured but estimated from other values. */

/* Why the device started. */
#define PGW_RESET_REASON_UNKNOWN 0u /* Not said. */
#define PGW_RESET_REASON_POWER_ON 1u /* Power came. */
#define PGW_RESET_REASON_PIN 2u /* The reset pin. */
#define PGW_RESET_REASON_SOFTWARE 3u /* The firmware asked for it. */
#define PGW_RESET_REASON_WATCHDOG 4u /* The watchdog. */
#define PGW_RESET_REASON_BROWN_OUT 5u /* The supply sank too low. */
#define PGW_RESET_REASON_FAULT 6u /* A fault of the processor or the firmware. */
#define PGW_RESET_REASON_UPDATE 7u /* A firmware update. */
#define PGW_RESET_REASON_WAKE 8u /* Waking from deep sleep. */

/* What a device can do. */
#define PGW_CAPABILITIES_POSITION (1u << 0) /* Finds its own position. */
#define PGW_CAPABILITIES_CAMERA (1u << 1) /* Takes photos or clips. */
#define PGW_CAPABILITIES_EVIDENCE (1u << 2) /* Sends photos and clips as frames. */
#define PGW_CAPABILITIES_SENSORS (1u << 3) /* Reads sensors. */
#define PGW_CAPABILITIES_TASKS (1u << 4) /* Shows tasks and answers them. */
#define PGW_CAPABILITIES_RECEIPTS (1u << 5) /* Shows receipts. */
#define PGW_CAPABILITIES_TIME_SYNC (1u << 6) /* Sets its clock from the gateway. */
#define PGW_CAPABILITIES_CONFIG (1u << 7) /* Takes settings from the gateway. */
#define PGW_CAPABILITIES_STORE_AND_RESEND (1u << 8) /* Keeps reports over a power cut until they are acknowledged. */

/* What a task asks for. */
#define PGW_TASK_KIND_UNKNOWN 0u /* Not said. */
#define PGW_TASK_KIND_VERIFY 1u /* See whether a reported case is so (核实). */
#define PGW_TASK_KIND_HANDLE 2u /* Handle a case (处置). */
#define PGW_TASK_KIND_CHECK 3u /* See whether a handled case is in order (核查). */
#define PGW_TASK_KIND_PATROL 4u /* Patrol a place (巡查). */
#define PGW_TASK_KIND_ASSIST 5u /* Help another unit (协助). */
#define PGW_TASK_KIND_NOTICE 6u /* Something to know; nothing to do. */

/* How far a task is. */
#define PGW_TASK_STATE_UNKNOWN 0u /* Not said; a gateway refuses it. */
#define PGW_TASK_STATE_RECEIVED 1u /* The device has it. */
#define PGW_TASK_STATE_READ 2u /* A person has seen it. */
#define PGW_TASK_STATE_ACCEPTED 3u /* Taken on. */
#define PGW_TASK_STATE_REJECTED 4u /* Not taken on; the reason says why. */
#define PGW_TASK_STATE_EN_ROUTE 5u /* On the way. */
#define PGW_TASK_STATE_ON_SCENE 6u /* At the place. */
#define PGW_TASK_STATE_HANDLED 7u /* Done. */
#define PGW_TASK_STATE_UNABLE 8u /* It could not be done; the reason says why. */

/* Why a task was rejected or could not be done. */
#define PGW_TASK_REASON_UNKNOWN 0u /* Not said. */
#define PGW_TASK_REASON_OFF_DUTY 1u /* Nobody is on duty. */
#define PGW_TASK_REASON_NOT_RESPONSIBLE 2u /* Another unit or grid is responsible. */
#define PGW_TASK_REASON_BUSY 3u /* Other work comes first. */
#define PGW_TASK_REASON_PLACE_NOT_FOUND 4u /* The place can't be found. */
#define PGW_TASK_REASON_NOTHING_FOUND 5u /* There is nothing of what was reported. */
#define PGW_TASK_REASON_DUPLICATE 6u /* It was reported and handled before. */
#define PGW_TASK_REASON_NEEDS_HELP 7u /* Other people or tools are needed. */
#define PGW_TASK_REASON_UNSAFE 8u /* It would be dangerous. */
#define PGW_TASK_REASON_REFUSED_BY_PARTY 9u /* The people concerned refuse. */
#define PGW_TASK_REASON_OTHER 255u /* The note says it. */

/* Yes-or-no facts about a vehicle. */
#define PGW_VEHICLE_STATE_IGNITION (1u << 0) /* Ignition is on. */
#define PGW_VEHICLE_STATE_MOVING (1u << 1) /* The vehicle moves. */
#define PGW_VEHICLE_STATE_PANIC (1u << 2) /* The panic button is held. */
#define PGW_VEHICLE_STATE_EXTERNAL_POWER (1u << 3) /* External power is connected. */
#define PGW_VEHICLE_STATE_CHARGING (1u << 4) /* The battery is being charged. */
#define PGW_VEHICLE_STATE_TAMPER (1u << 5) /* The housing was opened or moved. */

/* Bytes of the longest body of each message type that this version makes. */
#define PGW_TELEMETRY_LEN_MAX 44u
#define PGW_SENSOR_REPORT_LEN_MAX 182u
#define PGW_INCIDENT_LEN_MAX 400u
#define PGW_EVIDENCE_META_LEN_MAX 93u
#define PGW_EVIDENCE_CHUNK_LEN_MAX 32786u
#define PGW_EVIDENCE_WANT_LEN_MAX 49u
#define PGW_STATUS_LEN_MAX 102u
#define PGW_TASK_LEN_MAX 383u
#define PGW_TASK_ACK_LEN_MAX 224u
#define PGW_TIME_SYNC_LEN_MAX 35u
#define PGW_CONFIG_LEN_MAX 230u
#define PGW_TRACK_BATCH_LEN_MAX 1940u
#define PGW_ACK_LEN_MAX 36u


// Settings of a config at most.
#define PATROL_SETTINGS_MAX 8

// Evidence references of an incident or a task ack at most.
#define PATROL_EVIDENCE_MAX 8

// Words of 8 bytes that a key takes.
#define PATROL_KEY_WORDS 48

// From the device to the gateway: what a device seals with.
#define PATROL_UP 117

// From the gateway to the device: what a device opens with.
#define PATROL_DOWN 100

// Readings of a report at most.
#define PATROL_READINGS_MAX 16

// Bytes of the longest frame a receiver takes.
#define PATROL_SERIAL_FRAME_LEN_MAX 1024

// Words of 8 bytes that a receiver takes.
#define PATROL_SERIAL_WORDS 136

// Revisions of a status at most.
#define PATROL_REVISIONS_MAX 32

// Words of 8 bytes that a track takes.
#define PATROL_TRACK_WORDS 216

// What can be wrong. The numbers below 100 are those of pgw_error in the codec in C.
typedef enum {
    // Nothing.
    PATROL_ERROR_OK = 0,
    // Fewer bytes than a header has.
    PATROL_ERROR_SHORT = 1,
    // The first byte is not that of a frame.
    PATROL_ERROR_MAGIC = 2,
    // A version of the frame that is not known here.
    PATROL_ERROR_VERSION = 3,
    // A flag that must be understood and is not; also when sealing.
    PATROL_ERROR_FLAGS = 4,
    // An authentication suite that is not offered here; also when deriving a key.
    PATROL_ERROR_SUITE = 5,
    // None of the keys is for this suite and key id, or a key was not made by this library.
    PATROL_ERROR_KEY = 6,
    // The frame does not end where its header says.
    PATROL_ERROR_LENGTH = 7,
    // Damaged or forged.
    PATROL_ERROR_TAG = 8,
    // The frame carries another type than the one asked for.
    PATROL_ERROR_MESSAGE_TYPE = 9,
    // Revision 0, which no type has.
    PATROL_ERROR_REVISION = 10,
    // The body is shorter than its revision allows.
    PATROL_ERROR_BODY_SHORT = 11,
    // The body goes on behind the last field of its revision.
    PATROL_ERROR_BODY_LONG = 12,
    // The body ends within a field.
    PATROL_ERROR_ENDED = 13,
    // A number is too large for its field.
    PATROL_ERROR_NUMBER = 14,
    // A text is not UTF-8.
    PATROL_ERROR_UTF8 = 15,
    // A text or a list is longer than its field allows.
    PATROL_ERROR_CAPACITY = 16,
    // uptime_ms needs more than 40 bits, or unix_ms more than 48.
    PATROL_ERROR_FIELD = 17,
    // The output is too small.
    PATROL_ERROR_BUFFER = 18,
    // A packet without a byte of a frame.
    PATROL_ERROR_EMPTY = 19,
    // A packet that is longer than the receiver's buffer.
    PATROL_ERROR_OVERLONG = 20,
    // A packet that ends within a block.
    PATROL_ERROR_TRUNCATED = 21,
    // A packet whose CRC does not match.
    PATROL_ERROR_CRC = 22,
    // A pointer is NULL that must not be, or a length is none that an object can have.
    PATROL_ERROR_NULL = 100,
    // There is nothing to seal: the track is empty.
    PATROL_ERROR_NOTHING = 101,
    // A fault of this library.
    PATROL_ERROR_INTERNAL = 102,
    // Neither PATROL_UP nor PATROL_DOWN.
    PATROL_ERROR_DIRECTION = 103,
} PatrolError;

// Makes and checks tags. Made by patrol_key_derive or patrol_key_crc32c; its bytes are of no meaning, and it may be
// copied.
typedef struct {
    // Tells a key from memory that is none, such as all zeros.
    uint64_t made;
    // The key.
    uint64_t words[PATROL_KEY_WORDS];
} PatrolKey;

// Everything before the body, except its length.
typedef struct {
    // Flags that must be understood; none is defined, so 0.
    uint8_t flags;
    // PGW_SUITE_...; set by sealing.
    uint8_t suite;
    // Set by sealing, but for suite CRC-32C.
    uint8_t key_id;
    // PGW_MESSAGE_TYPE_...; set by sealing.
    uint8_t message_type;
    // Of the body, from 1; set by sealing.
    uint8_t revision;
    // The sender; on the way down the addressee.
    uint8_t device[8];
    // Boot counter, persisted, raised before the first send of a boot.
    uint32_t boot;
    // Number within the boot over all message types, from 1.
    uint32_t seq;
    // Milliseconds since boot when the report was made, below 2^40.
    uint64_t uptime_ms;
    // Milliseconds since 1970-01-01T00:00:00Z when it was made, below 2^48; 0 = unknown.
    uint64_t unix_ms;
    // How far to trust unix_ms: patrol_time_quality.
    uint8_t time_quality;
} PatrolHeader;

// Names another record of the same device; (0, 0) = absent.
typedef struct {
    // Boot counter of the record.
    uint32_t boot;
    // Number within that boot.
    uint32_t seq;
} PatrolRecordRef;

// UTF-8, not ended by a zero. Borrowed: what an opened body holds points into its frame, what is sealed stays the
// caller's. Empty (len 0) means absent; `at` may then be NULL.
typedef struct {
    // Its first byte.
    const char *at;
    // Its bytes.
    size_t len;
} PatrolText;

// The platform's receipt of a report, for the officer (down).
typedef struct {
    // The report.
    PatrolRecordRef record;
    // PGW_ACK_RESULT_...
    uint8_t result;
    // At the platform, at most 24 bytes; empty = absent.
    PatrolText case_number;
} PatrolAck;

// Bytes, borrowed like a text.
typedef struct {
    // The first one.
    const uint8_t *at;
    // How many.
    size_t len;
} PatrolBytes;

// One setting.
typedef struct {
    // PGW_SETTING_KEY_...: what it sets.
    uint16_t key;
    // To what; empty = back to the factory's; numbers: patrol_setting_number.
    PatrolBytes value;
} PatrolSetting;

// Settings for a device (down). Those it does not name stay as they are.
typedef struct {
    // Names this set; repeated in the status once it is in force; 0 is refused.
    uint32_t config_id;
    // Empty = everything back to the factory's.
    PatrolSetting settings[PATROL_SETTINGS_MAX];
    // How many of those count.
    size_t settings_count;
} PatrolConfig;

// The description of a photo or clip.
typedef struct {
    // Names the file for ever; (0, 0) is refused.
    PatrolRecordRef evidence;
    // The incident it belongs to; (0, 0) = absent.
    PatrolRecordRef incident;
    // PGW_MEDIA_TYPE_...
    uint8_t media;
    // PGW_EVIDENCE_USAGE_...
    uint8_t usage;
    // Of the file, from 1; 0 is refused.
    uint32_t size_bytes;
    // 6..=15; 12 = chunks of 4096 bytes, the last one may be shorter.
    uint8_t chunk_size_log2;
    // Of the whole file.
    uint8_t sha256[32];
    // How long before the frame's time it was taken (a clip: began); 0 = at the frame's time.
    uint32_t age_ms;
    // Of a clip; 0 = absent, or a photo.
    uint32_t duration_ms;
    // 0 = absent.
    uint16_t width_px;
    // 0 = absent.
    uint16_t height_px;
    // PGW_FIX_TYPE_...; NONE = no position.
    uint8_t fix;
    // Latitude, 1e-7 degrees north; absent without a fix.
    int32_t lat_e7;
    // Longitude, 1e-7 degrees east; absent without a fix.
    int32_t lon_e7;
    // Radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent.
    uint16_t accuracy_dm;
    // Age of the fix at the frame's time, ms; 0 = absent, a fresh fix says 1.
    uint32_t fix_age_ms;
} PatrolEvidenceMeta;

// A piece of a photo or clip.
typedef struct {
    // The file, as its description names it.
    PatrolRecordRef evidence;
    // Which piece, from 0; its first byte is at `index` times the chunk size.
    uint32_t index;
    // As many as the description says, at most 32768.
    PatrolBytes data;
} PatrolEvidenceChunk;

// What a gateway lacks of a photo or clip (down).
typedef struct {
    // The file, as its description names it.
    PatrolRecordRef evidence;
    // PGW_TRANSFER_STATE_...
    uint8_t state;
    // The chunk of the bitmap's first bit; 0 unless the state is WANTED.
    uint32_t base_index;
    // A bit a chunk, lowest bit first, 1 = lacking; read it with patrol_evidence_want_lacks.
    PatrolBytes missing;
} PatrolEvidenceWant;

// A finding on the street.
typedef struct {
    // The case code as a number, 1..=9999: 501 is code 0501; 0 = absent, which a gateway refuses.
    uint16_t category;
    // PGW_CASE_KIND_...: which table the category is from; always given.
    uint8_t kind;
    // By the device, from 1, higher is worse; 0 = absent.
    uint8_t severity;
    // How long before the frame's time it was found; 0 = at the frame's time.
    uint32_t age_ms;
    // PGW_FIX_TYPE_...; NONE = no position.
    uint8_t fix;
    // Latitude, 1e-7 degrees north; absent without a fix.
    int32_t lat_e7;
    // Longitude, 1e-7 degrees east; absent without a fix.
    int32_t lon_e7;
    // Radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent.
    uint16_t accuracy_dm;
    // Age of the fix at the frame's time, not at the finding's; 0 = absent, a fresh fix says 1.
    uint32_t fix_age_ms;
    // Pseudonym of the officer, at most 24 bytes; empty = absent.
    PatrolText operator_;
    // Number of the stall card shown, at most 24 bytes; empty = absent.
    PatrolText stall_card;
    // What the officer wrote, at most 240 bytes (80 Chinese characters); empty = absent.
    PatrolText description;
    // Its photos and clips; empty = none.
    PatrolRecordRef evidence[PATROL_EVIDENCE_MAX];
    // How many of those count.
    size_t evidence_count;
} PatrolIncident;

// One measured value.
typedef struct {
    // PGW_QUANTITY_...: what was measured, and so its unit.
    uint16_t quantity;
    // Which of the device's sensors of that quantity, from 0.
    uint8_t channel;
    // Power of ten that `value` is multiplied by: 42 with exponent -2 is 0.42.
    int8_t exponent;
    // 0 is a value here: a reading in the list was taken.
    int32_t value;
    // PGW_READING_STATUS_...
    uint8_t status;
} PatrolSensorReading;

// What sensors measured at one time.
typedef struct {
    // How long before the frame's time it was measured; 0 = at the frame's time.
    uint32_t age_ms;
    // The values; empty = nothing was measured.
    PatrolSensorReading readings[PATROL_READINGS_MAX];
    // How many of those count.
    size_t readings_count;
} PatrolSensorReport;

// Finds frames in a stream. Started by patrol_serial_start; its bytes are of no meaning.
typedef struct {
    // Tells a receiver from memory that is none, such as all zeros.
    uint64_t made;
    // The packet so far.
    uint64_t words[PATROL_SERIAL_WORDS];
} PatrolSerial;

// A device's own health, and what it understands.
typedef struct {
    // Version as its maker writes it, at most 24 bytes; empty = absent.
    PatrolText firmware;
    // By its maker; 0 = absent.
    uint16_t hardware_revision;
    // PGW_RESET_REASON_...: why the device started.
    uint8_t reset_reason;
    // PGW_CAPABILITIES_... bits; one that is 0 = it can't, or does not say.
    uint32_t capabilities;
    // Highest revision understood of each message type, entry 0 for type 1; 0 = none.
    uint8_t revisions[PATROL_REVISIONS_MAX];
    // How many of those count.
    size_t revisions_count;
    // 1..=100; 0 = absent, an empty battery says 1.
    uint8_t battery_percent;
    // Supply voltage; 0 = absent.
    uint16_t supply_mv;
    // Of the device, 0.1 degrees Celsius; 0 = absent, a measured 0 is sent as 1.
    int16_t temperature_deci_c;
    // Signal strength, below 0; 0 = absent.
    int16_t signal_dbm;
    // 0 = absent, a full storage says 1.
    uint32_t storage_free_kib;
    // Records waiting on the device; 0 = none, or not counted.
    uint32_t queued;
    // Records dropped since the boot; 0 = none, or not counted.
    uint32_t dropped;
    // Frames from the gateway whose tag was refused since the boot; 0 = none, or not counted.
    uint32_t auth_failures;
    // Id of the settings in force; 0 = those it left the factory with.
    uint32_t config_id;
} PatrolStatus;

// An order of the platform (down).
typedef struct {
    // Its number at the platform; 0 is refused.
    uint64_t task;
    // Rising: a newer one takes the place of an older.
    uint32_t revision;
    // PGW_TASK_KIND_...
    uint8_t kind;
    // Urgency, from 1, higher is more urgent; 0 = absent.
    uint8_t priority;
    // Ms since 1970-01-01T00:00:00Z; 0 = absent.
    uint64_t issued_unix_ms;
    // By when it is to be done, likewise; 0 = absent.
    uint64_t deadline_unix_ms;
    // PGW_FIX_TYPE_...: how its place is known; NONE = no place.
    uint8_t fix;
    // Latitude, 1e-7 degrees north; absent without a fix.
    int32_t lat_e7;
    // Longitude, 1e-7 degrees east; absent without a fix.
    int32_t lon_e7;
    // How far around the place it is about; 0 = absent.
    uint32_t radius_m;
    // Number of the stall card it is about, at most 24 bytes; empty = absent.
    PatrolText stall_card;
    // One line for a person, at most 64 bytes; empty = absent.
    PatrolText title;
    // The order in full, at most 240 bytes; empty = absent.
    PatrolText text;
} PatrolTask;

// A device's answer to a task. (task, revision, state) may be told more than once; the first one counts.
typedef struct {
    // The task's number at the platform; 0 is refused.
    uint64_t task;
    // The revision of the task it is about.
    uint32_t revision;
    // PGW_TASK_STATE_...: how far the task is; UNKNOWN is refused.
    uint8_t state;
    // PGW_TASK_REASON_...: why, when it was rejected or could not be done; 0 = absent.
    uint8_t reason;
    // How long before the frame's time it became so; 0 = at the frame's time.
    uint32_t age_ms;
    // What the officer adds, at most 120 bytes; empty = absent.
    PatrolText note;
    // Photos and clips of it; empty = none.
    PatrolRecordRef evidence[PATROL_EVIDENCE_MAX];
    // How many of those count.
    size_t evidence_count;
} PatrolTaskAck;

// Position and vehicle state at the frame's time.
typedef struct {
    // PGW_VEHICLE_STATE_... bits of `state` the device knows; one that is 0 here is absent.
    uint16_t valid;
    // PGW_VEHICLE_STATE_... bits, where valid.
    uint16_t state;
    // PGW_FIX_TYPE_...; NONE = no position.
    uint8_t fix;
    // Used, 1..=255; 0 = absent.
    uint8_t satellites;
    // Latitude, 1e-7 degrees north; absent without a fix.
    int32_t lat_e7;
    // Longitude, 1e-7 degrees east; absent without a fix.
    int32_t lon_e7;
    // Height above the ellipsoid, 0.1 m; 0 = absent, a measured 0 is sent as 1.
    int32_t altitude_dm;
    // Radius of the horizontal accuracy circle, 0.1 m; 65535 = that or worse; 0 = absent.
    uint16_t accuracy_dm;
    // Speed over ground; 0 = absent, or standing when the state says not moving.
    uint16_t speed_cm_s;
    // Course over ground, 0.01 degrees, 1..=36000, north is 36000; 0 = absent.
    uint16_t heading_cdeg;
    // Age of the fix at the frame's time, ms; 0 = absent, a fresh fix says 1.
    uint32_t fix_age_ms;
    // Supply voltage; 0 = absent.
    uint16_t supply_mv;
    // 1..=100; 0 = absent, an empty battery says 1.
    uint8_t battery_percent;
    // Distance travelled; 0 = absent.
    uint32_t odometer_m;
} PatrolTelemetry;

// The question leaves the gateway's times 0. The answer repeats what was asked with: take it only if that is the
// question that is open, and its times are not 0. The round trip took (uptime now - asked_uptime_ms) less
// (sent_unix_ms - received_unix_ms). The time is now sent_unix_ms plus half of that, wrong by at most that half.
typedef struct {
    // The device's boot counter when it asked.
    uint32_t asked_boot;
    // The device's uptime when it asked.
    uint64_t asked_uptime_ms;
    // The gateway's time when the question came; 0 in a question, and when it does not know it.
    uint64_t received_unix_ms;
    // The gateway's time when the answer left; 0 likewise.
    uint64_t sent_unix_ms;
} PatrolTimeSync;

// Points that are collected for a batch. Started by patrol_track_start; its bytes are of no meaning.
typedef struct {
    // Tells a track from memory that is none, such as all zeros.
    uint64_t made;
    // The points.
    uint64_t words[PATROL_TRACK_WORDS];
} PatrolTrack;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
//
// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_ack_open(const uint8_t *bytes,
                            size_t len,
                            const PatrolKey *keys,
                            size_t key_count,
                            PatrolHeader *header,
                            PatrolAck *body);

// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
//
// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_config_open(const uint8_t *bytes,
                               size_t len,
                               const PatrolKey *keys,
                               size_t key_count,
                               PatrolHeader *header,
                               PatrolConfig *body);

// A setting's value as a number; false when it does not have 4 bytes.
//
// # Safety
//
// There is a setting at `setting`, the frame it was opened from is still there, and there is room at `number`.
bool patrol_setting_number(const PatrolSetting *setting, uint32_t *number);

// An error in words, for a log. Never NULL.
const char *patrol_error_text(int error);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_EVIDENCE_META_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_evidence_meta_seal(const PatrolHeader *header,
                                      const PatrolEvidenceMeta *body,
                                      const PatrolKey *key,
                                      uint8_t *out,
                                      size_t out_len,
                                      size_t *frame_len);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_EVIDENCE_CHUNK_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_evidence_chunk_seal(const PatrolHeader *header,
                                       const PatrolEvidenceChunk *body,
                                       const PatrolKey *key,
                                       uint8_t *out,
                                       size_t out_len,
                                       size_t *frame_len);

// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
//
// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_evidence_want_open(const uint8_t *bytes,
                                      size_t len,
                                      const PatrolKey *keys,
                                      size_t key_count,
                                      PatrolHeader *header,
                                      PatrolEvidenceWant *body);

// Chunks of the file; 0 for a chunk size that is not allowed, or a size of 0.
//
// # Safety
//
// There is a description at `meta`.
uint32_t patrol_evidence_meta_chunks(const PatrolEvidenceMeta *meta);

// Whether the gateway lacks a chunk, as far as this answer tells.
//
// # Safety
//
// There is an answer at `want`, and the frame it was opened from is still there.
bool patrol_evidence_want_lacks(const PatrolEvidenceWant *want, uint32_t index);

// What a received frame claims to be, to choose how to open it: PGW_MESSAGE_TYPE_..., 0 for no frame. Nothing is
// checked but its first bytes.
//
// # Safety
//
// There are `len` bytes at `bytes`.
uint8_t patrol_message_type(const uint8_t *bytes, size_t len);

// The header's byte for a clock set from `source` (PGW_TIME_SOURCE_...) that is wrong by at most `error_ms`.
uint8_t patrol_time_quality(uint8_t source, uint32_t error_ms);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_INCIDENT_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_incident_seal(const PatrolHeader *header,
                                 const PatrolIncident *body,
                                 const PatrolKey *key,
                                 uint8_t *out,
                                 size_t out_len,
                                 size_t *frame_len);

// Derives the key for frames of `device` (8 bytes) from the secret of 32 bytes that it shares with its gateway.
// `direction`: PATROL_UP or PATROL_DOWN. `suite`: PGW_SUITE_HMAC_SHA256_128, PGW_SUITE_HMAC_SHA256_64 or
// PGW_SUITE_HMAC_SM3_128. Do it once, when the device starts.
//
// # Safety
//
// The pointers lead to what is said above; nobody else uses `key`.
PatrolError patrol_key_derive(PatrolKey *key,
                              const uint8_t *secret,
                              uint8_t suite,
                              uint8_t key_id,
                              uint8_t direction,
                              const uint8_t *device);

// No key at all: suite CRC-32C, which finds damage and stops no forger.
//
// # Safety
//
// There is room at `key` that nobody else uses.
PatrolError patrol_key_crc32c(PatrolKey *key);

// The eight bytes that stand for a device's id in headers and keys.
//
// # Safety
//
// The text's bytes are there; there are 8 bytes at `device` that nobody else uses.
PatrolError patrol_device_of(PatrolText id, uint8_t *device);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_SENSOR_REPORT_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_sensor_report_seal(const PatrolHeader *header,
                                      const PatrolSensorReport *body,
                                      const PatrolKey *key,
                                      uint8_t *out,
                                      size_t out_len,
                                      size_t *frame_len);

// Waits for the first packet, also from the middle of one.
//
// # Safety
//
// There is room at `serial` that nobody else uses.
PatrolError patrol_serial_start(PatrolSerial *serial);

// Takes the next byte of the stream. `frame` is set to the frame that ended with it, `frame_len` to its length; it
// stands until the next byte. Length 0: no frame ended; then an error says what a packet that ended was.
//
// # Safety
//
// There are a receiver and places that nobody else uses.
PatrolError patrol_serial_push(PatrolSerial *serial, uint8_t byte, const uint8_t **frame, size_t *frame_len);

// Writes the packet of a frame to `out`, at most PATROL_SERIAL_LEN(frame_len) bytes, and its length to `packet_len`.
//
// # Safety
//
// The pointers lead to what their lengths say; nobody else uses the outputs.
PatrolError patrol_serial_encode(const uint8_t *frame,
                                 size_t frame_len,
                                 uint8_t *out,
                                 size_t out_len,
                                 size_t *packet_len);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_STATUS_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_status_seal(const PatrolHeader *header,
                               const PatrolStatus *body,
                               const PatrolKey *key,
                               uint8_t *out,
                               size_t out_len,
                               size_t *frame_len);

// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
//
// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_task_open(const uint8_t *bytes,
                             size_t len,
                             const PatrolKey *keys,
                             size_t key_count,
                             PatrolHeader *header,
                             PatrolTask *body);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_TASK_ACK_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_task_ack_seal(const PatrolHeader *header,
                                 const PatrolTaskAck *body,
                                 const PatrolKey *key,
                                 uint8_t *out,
                                 size_t out_len,
                                 size_t *frame_len);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_TELEMETRY_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_telemetry_seal(const PatrolHeader *header,
                                  const PatrolTelemetry *body,
                                  const PatrolKey *key,
                                  uint8_t *out,
                                  size_t out_len,
                                  size_t *frame_len);

// Seals a frame into `out` and writes its length to `frame_len`; PATROL_FRAME_LEN(PGW_TIME_SYNC_LEN_MAX) bytes are
// enough. On an error nothing of the output may be used.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_time_sync_seal(const PatrolHeader *header,
                                  const PatrolTimeSync *body,
                                  const PatrolKey *key,
                                  uint8_t *out,
                                  size_t out_len,
                                  size_t *frame_len);

// Opens a frame with the first of the keys that is for it, and decodes its body, whatever its revision is: missing
// fields of an older one are 0, the tail of a newer one is ignored. What the body points to is in `bytes`.
//
// Left to the caller: that the header's device is its own, and that (boot, seq) was not seen before in this session.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the outputs.
PatrolError patrol_time_sync_open(const uint8_t *bytes,
                                  size_t len,
                                  const PatrolKey *keys,
                                  size_t key_count,
                                  PatrolHeader *header,
                                  PatrolTimeSync *body);

// Starts an empty track whose batches have bodies of at most `body_len_max` bytes, so that a frame fits into a given
// packet; the first point is taken in any case. PGW_TRACK_BATCH_LEN_MAX for no such bound.
//
// # Safety
//
// There is room at `track` that nobody else uses.
PatrolError patrol_track_start(PatrolTrack *track, size_t body_len_max);

// Appends a point measured at `uptime_ms`. false: it was not taken, because the batch is full, or the fix type or the
// vehicle's state has changed, or too much time lies between: seal the batch and push the point again. A point without
// a fix is never taken: send it as telemetry.
//
// # Safety
//
// There are a track that nobody else uses and a point.
bool patrol_track_push(PatrolTrack *track,
                       uint64_t uptime_ms,
                       const PatrolTelemetry *point);

// Seals what was collected, at most PATROL_FRAME_LEN(PGW_TRACK_BATCH_LEN_MAX) bytes, and empties the track. On an error
// the track is as before. PATROL_ERROR_NOTHING when it is empty or was not started.
//
// # Safety
//
// The pointers lead to what their types and lengths say; nobody else uses the track and the outputs.
PatrolError patrol_track_seal(const PatrolHeader *header,
                              PatrolTrack *track,
                              const PatrolKey *key,
                              uint8_t *out,
                              size_t out_len,
                              size_t *frame_len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* PATROL_FIRMWARE_H */
