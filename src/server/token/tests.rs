use super::*;

#[test]
fn a_token_parses_from_its_cookie() {
    let token = SessionToken::random();
    let read = SessionToken::parse(token.cookie_value().as_bytes()).expect("own spelling");
    assert_eq!(read.digest(), token.digest());
    assert_ne!(token.digest().as_str(), token.cookie_value());
}

#[test]
fn no_other_spelling_is_a_token() {
    let value = SessionToken::random().cookie_value();
    let mut stray_bits = value.clone().into_bytes();
    // The last character carries 4 bits of the token and 2 bits that must be zero.
    stray_bits[TOKEN_CHARS - 1] += 1;
    let spellings: [&[u8]; 6] = [
        b"",
        &value.as_bytes()[1..],
        format!("{value}=").leak().as_bytes(),
        &stray_bits,
        &[0xFF; 43],
        &[b'+'; 43],
    ];
    for spelling in spellings {
        assert!(SessionToken::parse(spelling).is_none(), "{spelling:?}");
    }
}

#[test]
fn debug_output_is_redacted() {
    let token = SessionToken::random();
    assert!(!format!("{token:?}").contains(&token.cookie_value()));
}

#[test]
fn setup_codes_do_not_repeat_and_use_every_symbol() {
    let codes: std::collections::HashSet<_> = (0..1_000)
        .map(|_| new_setup_code().canonical().to_string())
        .collect();
    assert_eq!(codes.len(), 1_000);
    let symbols: std::collections::HashSet<_> =
        codes.iter().flat_map(|code| code.chars()).collect();
    assert_eq!(symbols.len(), 32);
}

#[test]
fn all_spellings_of_a_setup_code_have_one_digest() {
    let code = new_setup_code();
    let respelt = SetupCode::new(code.reveal().to_lowercase().replace('-', " "));
    assert_eq!(setup_code_digest(&respelt), setup_code_digest(&code));
    let other = SetupCode::new(format!("{}0", code.reveal()));
    assert_ne!(setup_code_digest(&other), setup_code_digest(&code));
}

#[test]
fn link_secrets_do_not_repeat_and_have_one_digest() {
    let secrets: std::collections::HashSet<_> = (0..1_000)
        .map(|_| new_link_secret().canonical().to_string())
        .collect();
    assert_eq!(secrets.len(), 1_000);
    assert!(secrets.iter().all(|secret| secret.len() == SECRET_SYMBOLS));
    let secret = new_link_secret();
    let respelt = LinkSecret::new(secret.reveal().to_lowercase().replace('-', " "));
    assert_eq!(link_digest(&respelt), link_digest(&secret));
}

#[test]
fn only_the_right_digest_verifies() {
    let key = ServerKey::random();
    let digest = key.digest("a:", "name").as_str().to_owned();
    assert!(key.verifies("a:", "name", &digest));
    assert!(!key.verifies("a:", "name2", &digest));
    assert!(!key.verifies("b:", "name", &digest));
    assert!(!ServerKey::random().verifies("a:", "name", &digest));
    for text in [
        "",
        "x",
        &digest[1..],
        &format!("{digest}="),
        &digest.to_lowercase(),
    ] {
        assert!(!key.verifies("a:", "name", text), "{text}");
    }
}

#[test]
fn ids_are_ordered_by_time() {
    let now = uuid::Uuid::now_v7()
        .get_timestamp()
        .expect("a time")
        .to_unix();
    let now = Timestamp::from_millis(now.0 as i64 * 1_000);
    let id = new_id();
    assert!(first_id_of(now) <= id, "{id}");
    assert!(
        id < first_id_of(now.after(std::time::Duration::from_secs(60))),
        "{id}"
    );
}

#[test]
fn ten_thousand_tokens_do_not_repeat_and_use_every_bit() {
    let tokens: Vec<_> = (0..10_000).map(|_| SessionToken::random()).collect();
    let distinct: std::collections::HashSet<_> = tokens.iter().map(|token| token.0).collect();
    assert_eq!(distinct.len(), tokens.len());
    for bit in 0..TOKEN_BYTES * 8 {
        let ones = tokens
            .iter()
            .filter(|token| token.0[bit / 8] >> (bit % 8) & 1 == 1)
            .count();
        // Six standard deviations of a fair coin: 5,000 ± 300.
        assert!(
            (4_700..=5_300).contains(&ones),
            "bit {bit} is one in {ones} of 10,000"
        );
    }
}
