//! The settings of access tokens and the API.

use super::*;

#[test]
fn tokens_live_for_a_minute_to_an_hour() {
    let tokens = |text: &str| without_environment(text).unwrap().tokens;
    assert_eq!(tokens("").lifetime, DEFAULT_LIFETIME);
    for (text, seconds) in [("1m", 60), ("1h", 3_600)] {
        let lifetime = tokens(&format!("[tokens]\nlifetime = \"{text}\"\n")).lifetime;
        assert_eq!(lifetime, Duration::from_secs(seconds));
    }
    for text in ["59s", "61m", "2h"] {
        let report = mistakes(&format!("[tokens]\nlifetime = \"{text}\"\n"));
        assert!(report.contains("between 1m and 1h"), "{report}");
    }
}

#[test]
fn the_sealing_key_is_never_shown() {
    let digits = "0123456789abcdef".repeat(4);
    let set = |key: &str| {
        let environment = variables([("VESTIBULE_TOKENS__SEALING_KEY", key)]);
        read("", None, &environment)
    };
    let config = set(&digits).unwrap();
    assert_eq!(config.tokens.sealing_key, SealingKey::parse(&digits));
    assert!(config.tokens.sealing_key.is_some());
    let shown = format!("{config:?}");
    assert!(
        !shown.contains(&digits[..8]) && shown.contains("redacted"),
        "{shown}"
    );
    let report = set(&digits[1..])
        .expect_err("a digit is missing")
        .to_string();
    let expected = "VESTIBULE_TOKENS__SEALING_KEY must be 64 hexadecimal digits";
    assert!(report.contains(expected), "{report}");
    assert!(!report.contains(&digits[1..9]), "{report}");
    let file = read(
        "[tokens]\nsealing_key_file = \"seal\"\n",
        Some("/etc/v.toml".into()),
        &variables([]),
    );
    assert_eq!(
        file.unwrap().tokens.sealing_key_file,
        Some("/etc/seal".into())
    );
}

#[test]
fn postgresql_without_a_sealing_key_is_a_warning() {
    const POSTGRES: &str = "database_url = \"postgres://a@db/auth\"\n";
    let warned = |text: &str| {
        let warnings = without_environment(text).unwrap().warnings().join("\n");
        warnings.contains("the API issues no access tokens")
    };
    assert!(warned(POSTGRES));
    assert!(!warned(""), "with SQLite the file is made");
    assert!(!warned(&format!(
        "{POSTGRES}[tokens]\nsealing_key_file = \"seal\"\n"
    )));
    let key = "ab".repeat(32);
    assert!(!warned(&format!(
        "{POSTGRES}[tokens]\nsealing_key = \"{key}\"\n"
    )));
}

#[test]
fn an_allowed_origin_is_exact() {
    let origins = |text: &str| {
        let config = without_environment(&format!("[api]\nallowed_origins = [\"{text}\"]\n"));
        config.map(|config| config.api.allowed_origins)
    };
    for exact in [
        "https://app.example.org",
        "https://app.example.org:8443",
        "http://localhost:5173",
        "http://127.0.0.1:5173",
        "http://[::1]:5173",
    ] {
        assert_eq!(origins(exact), Ok(vec![exact.to_owned()]));
    }
    for other in [
        "*",
        "null",
        "",
        "app.example.org",
        "https://*.example.org",
        "https://*",
        "https://app.example.org/",
        "https://app.example.org/app",
        "https://app.example.org:443",
        "https://APP.example.org",
        "https://app.example.org?x",
        "https://ada@app.example.org",
        "http://app.example.org",
        "http://localhost.example.org",
        "ftp://app.example.org",
        "file:///",
        " https://app.example.org",
        "https://app.example.org https://b.example.org",
    ] {
        let report = origins(other).expect_err(other).to_string();
        assert!(report.contains("api.allowed_origins"), "{other}: {report}");
    }
    let environment = variables([(
        "VESTIBULE_API__ALLOWED_ORIGINS",
        "https://a.example.org, https://b.example.org",
    )]);
    let config = read("", None, &environment).unwrap();
    assert_eq!(
        config.api.allowed_origins,
        ["https://a.example.org", "https://b.example.org"]
    );
}
