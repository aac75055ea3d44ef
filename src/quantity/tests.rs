use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

fn read(text: &str) -> Quantity {
    text.parse().unwrap()
}

#[test]
fn every_suffix_has_its_scale() {
    let expected = [
        ("1", 1),
        ("1k", 1000),
        ("1M", 1_000_000),
        ("1G", 1_000_000_000),
        ("1T", 1_000_000_000_000),
        ("1P", 1_000_000_000_000_000),
        ("1E", 1_000_000_000_000_000_000),
        ("1Ki", 1024),
        ("1Mi", 1_048_576),
        ("1Gi", 1_073_741_824),
        ("1Ti", 1_099_511_627_776),
        ("1Pi", 1_125_899_906_842_624),
        ("1Ei", 1_152_921_504_606_846_976),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1.5e+3", 1500),
        ("2500e-2", 25),
        ("1.5Gi", 1_610_612_736),
        ("+7", 7),
        (".5k", 500),
        ("5.", 5),
    ];
    for (text, units) in expected {
        assert_eq!(read(text).units(Rounding::Down), units, "{text}");
        assert_eq!(read(text).units(Rounding::Up), units, "{text}");
    }
}

#[test]
fn cpu_is_read_in_millicores() {
    for (text, millicores) in [
        ("2", 2000),
        ("100m", 100),
        ("0.25", 250),
        ("1500000u", 1500),
    ] {
        assert_eq!(read(text).thousandths(Rounding::Down), millicores, "{text}");
    }
}

#[test]
fn what_is_asked_for_rounds_up_and_what_is_on_offer_down() {
    for (text, up, down) in [("1n", 1, 0), ("100m", 1, 0), ("1.0001Ki", 1025, 1024)] {
        assert_eq!(read(text).units(Rounding::Up), up, "{text}");
        assert_eq!(read(text).units(Rounding::Down), down, "{text}");
    }
}

#[test]
fn amounts_beyond_the_scale_saturate() {
    assert_eq!(read("100E").units(Rounding::Down), u64::MAX);
    assert_eq!(read("1e2147483647").thousandths(Rounding::Down), u64::MAX);
    assert_eq!(read("1e-2147483648").units(Rounding::Down), 0);
    assert_eq!(read("1e-2147483648").units(Rounding::Up), 1);
    assert_eq!(read("0e99").units(Rounding::Up), 0);
}

#[test]
fn what_is_not_a_quantity_is_refused_with_its_text() {
    for text in [
        "", ".", "-1", "++1", ".+5", "1.2.3", "1+1", "1 Gi", "1gi", "1KiB", "1e", "1ex", "m", "0x1",
    ] {
        let error = text.parse::<Quantity>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn decimals_agree_with_arithmetic_in_thousandths(thousandths in 0_u64..1_000_000_000) {
        let quantity = read(&format!("{}.{:03}", thousandths / 1000, thousandths % 1000));
        prop_assert_eq!(quantity.thousandths(Rounding::Down), thousandths);
        prop_assert_eq!(quantity.units(Rounding::Down), thousandths / 1000);
        prop_assert_eq!(quantity.units(Rounding::Up), thousandths.div_ceil(1000));
    }

    #[test]
    fn the_same_amount_written_in_milli_is_the_same(amount in 0_u64..1_000_000_000_000, kibi in any::<bool>()) {
        let (text, milli) = if kibi {
            (format!("{amount}Ki"), format!("{}m", amount * 1_024_000))
        } else {
            (format!("{amount}k"), format!("{}m", amount * 1_000_000))
        };
        prop_assert_eq!(read(&text).units(Rounding::Up), read(&milli).units(Rounding::Up));
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "[0-9.+eEkKMGi-]{0,12}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert!(quantity.units(Rounding::Down) <= quantity.units(Rounding::Up));
            prop_assert!(quantity.units(Rounding::Up) - quantity.units(Rounding::Down) <= 1);
        }
    }
}
