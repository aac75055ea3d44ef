//! `format` of strings, as far as definitions of the ecosystem use it; other formats accept everything.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use jiff::{Timestamp, civil::Date};

pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.as_bytes().get(10) == Some(&b'T') && text.parse::<Timestamp>().is_ok(),
        "date" => text.len() == 10 && text.parse::<Date>().is_ok(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => text.parse::<IpNet>().is_ok(),
        "uuid" => is_uuid(text),
        _ => true,
    }
}

fn is_uuid(text: &str) -> bool {
    let digits: Vec<char> = text.chars().filter(|c| *c != '-').collect();
    digits.len() == 32 && digits.iter().all(char::is_ascii_hexdigit)
}
