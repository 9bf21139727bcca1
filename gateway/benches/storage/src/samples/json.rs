//! Bodies in JSON, as docs/json.md describes them.

use jiff::tz::{Offset, TimeZone};

use super::{Chance, Device};

const QUANTITIES: [(&str, &str); 6] = [
    ("water_level", "m"),
    ("noise_level", "dB"),
    ("temperature", "degC"),
    ("pm2_5", "ug/m3"),
    ("gas_concentration", "ppm"),
    ("tilt", "deg"),
];

pub(super) fn telemetry(device: &Device) -> Vec<u8> {
    let habits = device.habits;
    let mut position = vec![
        format!("\"lon\": {:.*}", habits.digits, device.lon_deg),
        format!("\"lat\": {:.*}", habits.digits, device.lat_deg),
        format!("\"accuracy_m\": {:.1}", device.accuracy_m),
        "\"crs\": \"wgs84\"".to_owned(),
    ];
    if habits.fix_age {
        position.insert(3, format!("\"fix_age_ms\": {}", device.unix_ms % 10 * 100));
    }
    let mut fields = vec![
        format!("\"position\": {{{}}}", position.join(", ")),
        format!("\"speed_kmh\": {:.1}", device.speed_kmh),
        format!("\"heading_deg\": {:.1}", device.heading_deg),
        format!("\"ignition\": {}", device.speed_kmh > 0.0),
    ];
    if habits.battery {
        fields.push(format!("\"battery_percent\": {:.0}", device.battery_percent));
    }
    if habits.odometer {
        fields.push(format!("\"odometer_m\": {:.0}", device.odometer_m));
    }
    message(device, fields)
}

pub(super) fn reading(device: &Device, chance: &mut Chance) -> Vec<u8> {
    let count = 1 + device.boot as usize % 3;
    let readings = (0..count).map(|channel| {
        let (quantity, unit) = QUANTITIES[(device.boot as usize + channel) % QUANTITIES.len()];
        let value = chance.between(0.0, 30.0);
        format!(
            "{{\"quantity\": \"{quantity}\", \"value\": {value:.2}, \"unit\": \"{unit}\", \"channel\": {channel}}}"
        )
    });
    let readings = readings.collect::<Vec<_>>().join(", ");
    message(device, vec![format!("\"readings\": [{readings}]")])
}

pub(super) fn status(device: &Device, chance: &mut Chance) -> Vec<u8> {
    let mut fields = vec![
        format!("\"firmware\": \"1.4.{}\"", device.boot % 3),
        format!("\"battery_percent\": {:.0}", device.battery_percent),
        format!("\"storage_free_kib\": {}", 51_200 - chance.below(3000)),
        format!("\"queued\": {}", chance.below(5)),
        "\"dropped\": 0".to_owned(),
    ];
    if device.habits.battery {
        fields.insert(2, format!("\"supply_v\": {:.1}", chance.between(11.5, 13.9)));
        fields.insert(3, format!("\"temperature_c\": {:.1}", chance.between(15.0, 40.0)));
        fields.insert(4, format!("\"signal_dbm\": -{}", 60 + chance.below(50)));
    }
    message(device, fields)
}

/// A message with what every message has, in the device's spelling.
fn message(device: &Device, fields: Vec<String>) -> Vec<u8> {
    let mut all = vec![
        format!("\"boot\": {}", device.boot),
        format!("\"seq\": {}", device.seq),
        format!("\"time\": \"{}\"", rfc3339(device)),
    ];
    if device.habits.time_quality {
        all.push("\"time_quality\": \"gnss\"".to_owned());
    }
    all.extend(fields);
    let text = format!("{{{}}}", all.join(", "));
    if device.habits.spaced { text } else { text.replace(": ", ":").replace(", ", ",") }.into_bytes()
}

fn rfc3339(device: &Device) -> String {
    let time = jiff::Timestamp::from_millisecond(device.unix_ms).expect("a time of this century");
    if device.habits.utc {
        return time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    }
    time.to_zoned(TimeZone::fixed(Offset::constant(8))).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}
