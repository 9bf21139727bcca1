/* The numbers on the wire. Made from the reference in Rust; do not edit. */
#ifndef PGW_VALUES_H
#define PGW_VALUES_H

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

#endif
