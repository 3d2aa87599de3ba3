use super::*;

#[test]
fn all_spellings_have_one_key() {
    for input in ["ada", "ADA", " Ada ", "Ａｄａ", "ＡＤＡ"] {
        assert_eq!(LookupKey::of(input).as_str(), "ada", "{input}");
    }
    assert_eq!(LookupKey::of("Straße"), LookupKey::of("STRASSE"));
    assert_eq!(LookupKey::of("e\u{301}va"), LookupKey::of("Éva"));
    for copied in ["\u{feff}ada", "a\u{200b}d\u{ad}a\u{2060}", "ada \u{200b}"] {
        assert_eq!(LookupKey::of(copied).as_str(), "ada", "{copied:?}");
    }
    assert_ne!(
        LookupKey::of("ada"),
        LookupKey::of("adа"),
        "a Cyrillic а is another letter"
    );
}

/// Otherwise a key that is parsed again would be another one.
#[test]
fn folding_yields_no_invisible_characters() {
    for c in ('\0'..=char::MAX).filter(|c| !is_invisible(*c)) {
        let folded = fold(&c.to_string());
        assert!(!folded.contains(is_invisible), "{c:?} becomes {folded:?}");
    }
}

#[test]
fn the_end_of_a_prefix_follows_all_its_texts() {
    for (prefix, end) in [
        ("ad", Some("ae")),
        ("a\u{10FFFF}", Some("b")),
        ("\u{D7FF}", Some("\u{E000}")),
        ("z\u{7f}", Some("z\u{80}")),
        ("", None),
        ("\u{10FFFF}", None),
    ] {
        assert_eq!(end_of_prefix(prefix).as_deref(), end, "{prefix:?}");
    }
    let end = end_of_prefix("éa").expect("an end");
    for text in ["éa", "éa\u{10FFFF}", "éazz"] {
        assert!(*text < *end, "{text}");
    }
    assert!(*"éb" >= *end);
}

#[test]
fn names_of_many_scripts_pass() {
    for name in [
        "ada",
        "Ada.Lovelace",
        "a-b_c.d",
        "李雷",
        "Zoë",
        "हिन्दी",
        "สมศักดิ์",
        "เล็ก",
        "พัฒน์",
        "ປັນຍ໌",
        "វឌ្ឍន៍",
        "ធម៌",
        "ಕನ್ನಡ",
        "தமிழ்",
        "မြန်မာ",
        "x",
        "٣",
        &"a".repeat(64),
    ] {
        assert!(Username::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn names_outside_the_grammar_are_refused() {
    for name in [
        "a b",
        "a@b",
        ".a",
        "a.",
        "a..b",
        "-a",
        "a\nb",
        "a/b",
        "<b>",
        "\u{e4c}a",
        "a.\u{301}b",
        "a\u{20}\u{301}b",
    ] {
        assert_eq!(
            Username::parse(name),
            Err(IdentityRefusal::NameGrammar),
            "{name:?}"
        );
    }
    for invisible in [
        "\u{200b}",
        "\u{feff}",
        "\u{ad}",
        "\u{2060}",
        "\u{202e}",
        "\u{34f}",
        "\u{3164}",
        "\u{ffa0}",
        "\u{fe0f}",
        "\u{17b4}",
        "\u{e0061}",
    ] {
        for name in [
            format!("{invisible}ada"),
            format!("a{invisible}da"),
            format!("ada{invisible}"),
            invisible.to_owned(),
        ] {
            let refused = Err(IdentityRefusal::NameUnseen);
            assert_eq!(Username::parse(&name), refused, "{name:?}");
            let address = format!("{name}@example.org");
            let refused = Err(IdentityRefusal::EmailUnseen);
            assert_eq!(Email::parse(&address), refused, "{address:?}");
        }
    }
    for name in ["", "  ", &"a".repeat(65)] {
        assert_eq!(
            Username::parse(name),
            Err(IdentityRefusal::NameLength),
            "{name:?}"
        );
    }
}

#[test]
fn plain_text_is_bounded_and_has_no_control_characters() {
    let parse = |text: &str| plain_text(text, 10, IdentityRefusal::DisplayName);
    assert_eq!(parse(" Ada\u{301} "), Ok("Ad\u{e1}".to_owned()));
    for hostile in [
        "a\u{202e}b",
        "a\u{2028}b",
        "a\u{2067}b",
        "a\nb",
        "a\u{1b}[0m",
        "eleven char",
    ] {
        assert_eq!(
            parse(hostile),
            Err(IdentityRefusal::DisplayName),
            "{hostile:?}"
        );
    }
}

#[test]
fn an_email_is_exactly_one_address() {
    for address in [
        "ada@example.org",
        "a+b@x.co",
        "ada@bücher.example",
        "สมศักดิ์@ตัวอย่าง.ไทย",
        "हिन्दी@उदाहरण.भारत",
        "ಕನ್ನಡ@ಉದಾಹರಣೆ.ಭಾರತ",
        "தமிழ்@எடுத்துக்காட்டு.இந்தியா",
    ] {
        assert!(Email::parse(address).is_ok(), "{address}");
    }
    let normalised = Email::parse("Ada＠ｅxample．org").expect("an address");
    assert_eq!(normalised.as_str(), "Ada@example.org");
    for address in [
        "",
        "ada",
        "ada@",
        "@x.y",
        "a@evil.x,b@good.x",
        "a b@x.y",
        "a@x",
        "a@-x.y",
        "a@x..y",
        "a@b@c.d",
        "\"a\"@x.y",
        "\u{301}a@x.y",
        "a.\u{301}b@x.y",
        "a@\u{301}x.y",
        "a@x.\u{e4c}y",
        "a\u{1f101}b@x.y",
    ] {
        assert_eq!(
            Email::parse(address),
            Err(IdentityRefusal::Email),
            "{address:?}"
        );
    }
}
