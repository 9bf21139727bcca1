//! Spans of time, sizes and classes as a person says them.

use jiff::Timestamp;

use crate::domain::report::Class;

/// How long ago an RFC 3339 time was, in Chinese and English; `None` when that is no time or in the future.
pub(super) fn age(time: &str, now_ms: i64) -> Option<(String, String)> {
    let then_ms = time.parse::<Timestamp>().ok()?.as_millisecond();
    let ms = now_ms.checked_sub(then_ms)?;
    Some(span(u64::try_from(ms).ok()? / 1000))
}

/// A span of time in Chinese and English, in the unit in which it is a handy number.
pub(super) fn span(seconds: u64) -> (String, String) {
    let (count, zh, en) = match seconds {
        0..120 => (seconds, "秒", "s"),
        120..7200 => (seconds / 60, "分钟", "min"),
        7200..172_800 => (seconds / 3600, "小时", "h"),
        _ => (seconds / 86_400, "天", "days"),
    };
    (format!("{count} {zh}"), format!("{count} {en}"))
}

/// Bytes for people: three figures and a unit.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A class in Chinese.
pub(super) fn class_zh(class: Class) -> &'static str {
    match class {
        Class::Incident => "案件",
        Class::Task => "任务",
        Class::Evidence => "证据",
        Class::Status => "设备状态",
        Class::Reading => "传感读数",
        Class::Telemetry => "轨迹",
    }
}

/// Columns that a text takes on a terminal: Chinese characters are two wide.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

/// Lines whose cells stand below each other; the first is the head.
pub(super) fn table(lines: &[Vec<String>]) -> String {
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| columns(cell)).max().unwrap_or_default()
    };
    let mut text = String::new();
    for line in lines {
        for (at, cell) in line.iter().enumerate() {
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', width(at) - columns(cell) + 2));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_785_000_000_000;

    #[test]
    fn a_clock_that_went_back_makes_no_age() {
        let time = Timestamp::from_millisecond(NOW_MS + 5000).unwrap().to_string();
        assert_eq!(age(&time, NOW_MS), None);
        assert_eq!(age("yesterday", NOW_MS), None);
    }

    #[test]
    fn byte_counts_are_short() {
        let shown = [0, 1023, 1024, 4300, 150 << 20, 2 << 30].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "4.2 KiB", "150 MiB", "2.0 GiB"]);
    }
}
