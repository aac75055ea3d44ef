//! Times as the Kubernetes API writes them. Pure.

use jiff::Timestamp;

/// As almost all fields have them: RFC 3339 in whole seconds.
pub fn rfc3339(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// As Leases and new Events have them: with microseconds.
pub fn rfc3339_micros(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_off_or_written_in_full() {
        let time: Timestamp = "2026-01-02T03:04:05.600Z".parse().unwrap();
        assert_eq!(rfc3339(time), "2026-01-02T03:04:05Z");
        assert_eq!(rfc3339_micros(time), "2026-01-02T03:04:05.600000Z");
    }
}
