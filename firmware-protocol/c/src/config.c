/* Message type 11: settings for a device (down). */
#include "pgw_config.h"

#include "frame.h"
#include "pgw_values.h"

static pgw_setting read_setting(pgw_reader *reader) {
    pgw_setting setting;
    setting.key = pgw_read_u16(reader);
    setting.value = pgw_read_bytes(reader, PGW_SETTING_VALUE_LEN_MAX);
    return setting;
}

static void read_settings(pgw_reader *reader, pgw_config *config) {
    config->settings_count = 0;
    for (uint64_t left = pgw_read_count(reader); left > 0; left--) {
        pgw_setting setting = read_setting(reader);
        if (!pgw_read_fits(reader, config->settings_count, PGW_SETTINGS_MAX)) {
            break;
        }
        config->settings[config->settings_count++] = setting;
    }
}

static void write_settings(pgw_writer *writer, const pgw_config *config) {
    if (!pgw_write_count(writer, config->settings_count, PGW_SETTINGS_MAX)) {
        return;
    }
    for (size_t i = 0; i < config->settings_count; i++) {
        const pgw_setting *setting = &config->settings[i];
        pgw_write_varint(writer, setting->key);
        pgw_write_bytes(writer, setting->value, PGW_SETTING_VALUE_LEN_MAX);
    }
}

static const uint8_t MIN_LENS[] = {2};
static const pgw_body BODY = {PGW_MESSAGE_TYPE_CONFIG, PGW_CONFIG_REVISION, MIN_LENS};

pgw_error pgw_config_seal(const pgw_header *header, const pgw_config *config, const pgw_key *key, uint8_t *out,
                          size_t out_len, size_t *frame_len) {
    pgw_writer writer = pgw_seal_start(out, out_len);
    pgw_write_varint(&writer, config->config_id);
    write_settings(&writer, config);
    return pgw_seal_finish(&writer, &BODY, header, key, frame_len);
}

pgw_error pgw_config_decode(const pgw_frame *frame, pgw_config *config) {
    pgw_reader reader = pgw_decode_start(frame, &BODY);
    config->config_id = pgw_read_u32(&reader);
    read_settings(&reader, config);
    return pgw_decode_finish(&reader, frame, &BODY);
}

bool pgw_setting_number(const pgw_setting *setting, uint32_t *number) {
    if (setting->value.len != 4) {
        return false;
    }
    *number = 0;
    for (unsigned i = 0; i < 4; i++) {
        *number |= (uint32_t)setting->value.at[i] << (8 * i);
    }
    return true;
}
