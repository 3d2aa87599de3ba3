//! Other signatures and other spellings.

use super::*;
use std::ops::RangeInclusive;

#[test]
fn a_signature_is_of_the_whole_token() {
    let server = Server::new();
    let good = server.good();
    let other = server.with_payload(json!({"sub": "u2"}));
    let [good, other] = [&good, &other].map(|text| text.split('.').collect::<Vec<_>>());
    let swapped = [good[0], other[1], good[2]].join(".");
    assert_eq!(server.verify(&swapped), Err(InvalidToken::Signature));
    let message = format!("{}.{}", good[0], good[1]);
    let mut forged = vec![[0; 64], [1; 64], [0xff; 64]];
    let signature: [u8; 64] = BASE64_URL_SAFE_NO_PAD
        .decode(good[2])
        .unwrap()
        .try_into()
        .unwrap();
    for bit in [0, 255, 256, 511] {
        let mut damaged = signature;
        damaged[bit / 8] ^= 1 << (bit % 8);
        forged.push(damaged);
    }
    for signature in forged {
        let text = format!("{message}.{}", base64(signature));
        assert_eq!(
            server.verify(&text),
            Err(InvalidToken::Signature),
            "{signature:?}"
        );
    }
    // The form of X.509, in which some libraries write it.
    let der = [
        &[0x30, 0x44, 0x02, 0x20],
        &signature[..32],
        &[0x02, 0x20],
        &signature[32..],
    ]
    .concat();
    for length in [
        der,
        signature[..63].to_vec(),
        [signature.as_slice(), &[0]].concat(),
    ] {
        let text = format!("{message}.{}", base64(length));
        assert_eq!(server.verify(&text), Err(InvalidToken::Malformed));
    }
}

#[test]
fn a_token_has_one_spelling() {
    let server = Server::new();
    let good = server.good();
    let parts: Vec<_> = good.split('.').collect();
    let [header, payload, signature] = [parts[0], parts[1], parts[2]];
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.."),
        format!("{good}.{payload}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}..{payload}.{signature}"),
        format!("{good}="),
        format!("{good}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}==.{signature}"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}.{payload} .{signature}"),
        format!("{header}.{payload}\u{0}.{signature}"),
        format!("{header}.{payload}é.{signature}"),
        format!("Bearer {good}"),
        format!("\"{good}\""),
    ] {
        assert_eq!(server.verify(&text), Err(InvalidToken::Malformed), "{text}");
    }
    // The last character of 64 bytes has four bits that say nothing.
    let last = signature.chars().last().unwrap();
    let others = ('A'..='Z').chain('a'..='z').filter(|c| *c != last);
    for other in others {
        let text = format!("{}{other}", &good[..good.len() - 1]);
        assert!(server.verify(&text).is_err(), "{other}");
    }
    for end in 0..good.len() {
        assert!(server.verify(&good[..end]).is_err(), "{end} bytes");
        assert!(
            server.verify(&good[good.len() - end..]).is_err(),
            "the last {end}"
        );
    }
    let standard =
        base64::prelude::BASE64_STANDARD_NO_PAD.encode(server.payload().to_string() + "  ???>>>");
    assert!(standard.contains(['+', '/']), "{standard}");
    let text = server.sign(&format!("{header}.{standard}"));
    assert_eq!(
        server.verify(&text),
        Err(InvalidToken::Malformed),
        "the other alphabet"
    );
}

#[test]
fn a_token_in_a_token_is_none() {
    let server = Server::new();
    let good = server.good();
    let nested = server.signed(&server.header().to_string(), &good);
    assert_eq!(server.verify(&nested), Err(InvalidToken::Claims));
    let nested = server.signed(
        &server.header().to_string(),
        &Value::String(good).to_string(),
    );
    assert_eq!(server.verify(&nested), Err(InvalidToken::Claims));
}

#[test]
fn a_long_text_is_refused_before_any_work() {
    let server = Server::new();
    let long = server.with_payload(json!({"scope": "a".repeat(2_600)}));
    assert!(long.len() <= MAX_BYTES, "{}", long.len());
    assert!(server.verify(&long).is_ok());
    let long = server.with_payload(json!({"scope": "a".repeat(2_800)}));
    assert!(long.len() > MAX_BYTES, "{}", long.len());
    assert_eq!(server.verify(&long), Err(InvalidToken::TooLong));
    let megabyte = server.with_payload(json!({"scope": "a".repeat(1 << 20)}));
    for text in [megabyte, ".".repeat(1 << 20), "a".repeat(1 << 20)] {
        assert_eq!(server.verify(&text), Err(InvalidToken::TooLong));
    }
    let deep = format!("{{\"a\":{}", "[".repeat(1_500));
    let deep = server.signed(&server.header().to_string(), &deep);
    assert_eq!(
        server.verify(&deep),
        Err(InvalidToken::Claims),
        "without end"
    );
}

/// No text and no change of a good token is accepted, or causes a panic.
#[test]
fn no_changed_byte_is_accepted() {
    let server = Server::new();
    let good = server.good();
    const PRINTABLE: RangeInclusive<u8> = 0x20..=0x7e;
    for at in 0..good.len() {
        for byte in PRINTABLE.step_by(7) {
            let mut bytes = good.clone().into_bytes();
            if bytes[at] == byte {
                continue;
            }
            bytes[at] = byte;
            let text = String::from_utf8(bytes).unwrap();
            assert!(server.verify(&text).is_err(), "{byte} at {at}");
        }
    }
}
