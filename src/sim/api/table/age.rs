//! Durations as people read them: `5s`, `3m20s`, `47h`, `2y11d`.

use jiff::Timestamp;
use serde_json::Value;

/// The time since `then`.
pub(super) fn since(then: Timestamp, now: Timestamp) -> String {
    duration(now.duration_since(then).as_secs())
}

/// The time since an RFC 3339 time in an object; `<unknown>` if there is none.
pub(super) fn since_value(then: &Value, now: Timestamp) -> String {
    let then = then.as_str().and_then(|text| text.parse().ok());
    then.map_or_else(|| "<unknown>".to_owned(), |then| since(then, now))
}

/// As the real server writes durations down: two parts where the larger one alone would say too little.
pub(super) fn duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 24 * 8 => two(days, "d", hours % 24, "h"),
        _ if hours < 24 * 365 * 2 => format!("{days}d"),
        _ if hours < 24 * 365 * 8 => two(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit}{small}{small_unit}")
    }
}
