use super::*;
use crate::{
    domain::password::{Password, PasswordRefusal},
    server::config::{Config, Environment, Mistakes, read},
};
use std::{fs, path::PathBuf};

fn configured(section: &str) -> Result<Config, Mistakes> {
    read(
        &format!("[site]\n{section}\n"),
        None,
        &Environment::default(),
    )
}

fn site(section: &str) -> Site {
    configured(section).expect("a valid section").site.site
}

fn mistakes(section: &str) -> String {
    configured(section).expect_err("a mistake").to_string()
}

/// A folder of this test, with one file.
fn folder_with(name: &str, content: &[u8]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("vestibule_logo_{}", uuid::Uuid::new_v4()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), content).unwrap();
    folder
}

/// The outcome of a logo with this content, in a file beside the configuration.
fn logo_of(content: &[u8]) -> Result<Option<Logo>, String> {
    let folder = folder_with("logo", content);
    let text = "[site]\nlogo = \"logo\"\n";
    let file = Some(folder.join("Leptos.toml"));
    let config = read(text, file, &Environment::default());
    fs::remove_dir_all(folder).unwrap();
    config
        .map(|config| config.site.logo)
        .map_err(|mistakes| mistakes.to_string())
}

#[test]
fn without_the_section_it_is_the_products_own() {
    assert_eq!(site(""), Site::default());
    let of = configured("").unwrap().site;
    assert_eq!((of.accent, of.logo), (None, None));
}

#[test]
fn all_of_it_is_read() {
    let site = site(
        "name = \" Example Ltd \"\nhelp = \"mailto:help@example.org\"\nprivacy = \"https://example.org/privacy\"\n\
         imprint = \"/imprint\"",
    );
    assert_eq!(site.name, "Example Ltd");
    assert_eq!(site.help, Some(Help::Email("help@example.org".to_owned())));
    assert_eq!(site.privacy.as_deref(), Some("https://example.org/privacy"));
    assert_eq!(site.imprint.as_deref(), Some("/imprint"));
}

#[test]
fn help_is_an_address_a_page_or_a_text() {
    let help = |text: &str| site(&format!("help = \"{text}\"")).help.unwrap();
    let page = help("https://example.org/help");
    assert_eq!(page.href().as_deref(), Some("https://example.org/help"));
    let mail = help("mailto:help@example.org");
    assert_eq!(mail.href().as_deref(), Some("mailto:help@example.org"));
    assert_eq!(mail.text(), "help@example.org");
    let text = help("Room 4.11, or call 4711");
    assert_eq!(
        (text.href(), text.text()),
        (None, "Room 4.11, or call 4711")
    );
    for mistake in [
        "http://example.org",
        "javascript://example.org/%0aalert(1)",
        "mailto:",
        "mailto:help",
        "mailto:a@example.org?bcc=b@example.org",
        "",
        "two\\nlines",
    ] {
        let report = mistakes(&format!("help = \"{mistake}\""));
        assert!(report.contains("site.help must "), "{mistake}: {report}");
    }
}

#[test]
fn links_lead_to_pages_by_https_or_of_this_site() {
    for mistake in [
        "javascript:alert(1)",
        "http://example.org",
        "//example.org",
        "example.org",
        "https://",
        "https:///x",
        "https://user@example.org",
        "https://example.org/a b",
        "/a\\\\b",
        "/a b",
        "",
    ] {
        for key in ["privacy", "imprint"] {
            let report = mistakes(&format!("{key} = \"{mistake}\""));
            let expected = format!("site.{key} must be an address");
            assert!(report.contains(&expected), "{mistake}: {report}");
        }
    }
}

#[test]
fn a_name_is_short_and_in_one_line() {
    for mistake in ["", "  ", "two\\nlines", &"n".repeat(61)] {
        let report = mistakes(&format!("name = \"{mistake}\""));
        assert!(
            report.contains("site.name must be a text of 1 to 60"),
            "{report}"
        );
    }
}

#[test]
fn an_accent_that_cannot_be_read_is_refused_by_its_name() {
    let accent = configured("accent = \"#1d4f91\"").unwrap().site.accent;
    assert_eq!(accent.unwrap().light.accent.to_string(), "#1d4f91");
    let report = mistakes("accent = \"#ffcc00\"");
    assert!(
        report.contains("site.accent has a contrast of 1.4 : 1"),
        "{report}"
    );
    let report = mistakes("accent = \"red\"");
    assert!(
        report.contains("site.accent must be a colour such as"),
        "{report}"
    );
}

#[test]
fn a_logo_is_recognised_by_its_content() {
    let svg = b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    assert_eq!(logo_of(svg).unwrap().unwrap().kind, LogoKind::Svg);
    let png = b"\x89PNG\r\n\x1a\n and more";
    let logo = logo_of(png).unwrap().unwrap();
    assert_eq!(
        (logo.kind, logo.content.as_slice()),
        (LogoKind::Png, &png[..])
    );
    for content in [
        &b""[..],
        b"GIF89a",
        b"<html><svg></html>",
        b"<?xml version=\"1.0\"?><html/>",
        b"\xff\xfe<svg",
    ] {
        let mistake = logo_of(content).unwrap_err();
        assert!(mistake.contains("site.logo names"), "{mistake}");
        assert!(mistake.contains("neither SVG nor PNG"), "{mistake}");
    }
    let large = [b"<svg>".as_slice(), &[b' '; MAX_LOGO_BYTES]].concat();
    let mistake = logo_of(&large).unwrap_err();
    assert!(mistake.contains("larger than 256 KiB"), "{mistake}");
    let mistake = mistakes("logo = \"/no/such/file.svg\"");
    assert!(
        mistake.contains("site.logo names /no/such/file.svg, which cannot be read"),
        "{mistake}"
    );
}

#[test]
fn passwords_must_not_be_the_name_of_the_site() {
    let config = configured("name = \"Example Limited\"").unwrap();
    let rules = config.password_rules();
    for text in ["Example Limited", "example limited", "VestibuleVestibule"] {
        let password = Password::new(text.to_owned());
        let checked = rules.check(&password, "ada", None);
        assert_eq!(checked, Err(PasswordRefusal::Personal), "{text}");
    }
}
