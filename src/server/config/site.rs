//! The settings of whose site it is.

use super::reader::Reader;
use crate::domain::{
    accent::Accent,
    site::{Help, NAME, Site},
};
use std::path::Path;

/// Longer names would push everything else out of the header.
const MAX_NAME_CHARS: usize = 60;

const MAX_TEXT_CHARS: usize = 200;

/// Every visitor loads it, and it stays in memory: a photograph is no mark.
const MAX_LOGO_BYTES: usize = 256 * 1024;

/// What pages show of the owner of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteConfig {
    pub site: Site,
    pub accent: Option<Accent>,
    pub logo: Option<Logo>,
}

/// A picture, read at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pub kind: LogoKind,
    pub content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    Svg,
    Png,
}

pub fn read_site(reader: &mut Reader, folder: &Path) -> SiteConfig {
    SiteConfig {
        site: Site {
            name: reader.read("site.name", NAME, name),
            help: reader.optional("site.help", help),
            privacy: reader.optional("site.privacy", address),
            imprint: reader.optional("site.imprint", address),
        },
        accent: reader.optional("site.accent", accent),
        logo: reader.optional("site.logo", |path| logo(&folder.join(path))),
    }
}

fn name(text: &str) -> Result<String, String> {
    printable(text, MAX_NAME_CHARS)
}

fn printable(text: &str, max_chars: usize) -> Result<String, String> {
    let text = text.trim();
    let is_short = (1..=max_chars).contains(&text.chars().count());
    if is_short && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "must be a text of 1 to {max_chars} characters in one line"
        ))
    }
}

fn help(text: &str) -> Result<Help, String> {
    if let Some(address) = text.strip_prefix("mailto:") {
        let is_one = address.split_once('@').is_some_and(|(name, host)| {
            let is_plain = |c: char| c.is_ascii_graphic() && !"?&#%<>\"@".contains(c);
            !name.is_empty() && !host.is_empty() && name.chars().chain(host.chars()).all(is_plain)
        });
        return if is_one {
            Ok(Help::Email(address.to_owned()))
        } else {
            Err("must name one address after mailto:, such as mailto:help@example.org".to_owned())
        };
    }
    if text.contains("://") {
        return https(text).map(Help::Link);
    }
    printable(text, MAX_TEXT_CHARS).map(Help::Text)
}

/// A page of the owner's.
fn address(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/') && !text.starts_with("//");
    if is_path
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    {
        return Ok(text.to_owned());
    }
    https(text)
}

fn https(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix("https://")
        .and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_host = |host: &str| {
        let mut letters = host.bytes();
        !host.is_empty()
            && letters.all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    let is_address = host.is_some_and(is_host)
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_address {
        Ok(text.to_owned())
    } else {
        Err("must be an address that begins with https://".to_owned())
    }
}

fn accent(text: &str) -> Result<Accent, String> {
    let colour = text
        .parse()
        .map_err(|_| "must be a colour such as \"#0e5c47\"".to_owned())?;
    Accent::of(colour)
}

fn logo(path: &Path) -> Result<Logo, String> {
    let named = |problem: &str| format!("names {}, {problem}", path.display());
    let content =
        std::fs::read(path).map_err(|error| named(&format!("which cannot be read: {error}")))?;
    if content.len() > MAX_LOGO_BYTES {
        let limit = MAX_LOGO_BYTES / 1024;
        return Err(named(&format!("which is larger than {limit} KiB")));
    }
    let kind = kind_of(&content).ok_or_else(|| named("which is neither SVG nor PNG"))?;
    Ok(Logo { kind, content })
}

/// By the content: the name of a file proves nothing.
fn kind_of(content: &[u8]) -> Option<LogoKind> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    if content.starts_with(PNG) {
        return Some(LogoKind::Png);
    }
    let text = str::from_utf8(content).ok()?.trim_start_matches('\u{feff}');
    let text = text.trim_start();
    let is_markup = ["<svg", "<?xml", "<!--", "<!DOCTYPE svg"]
        .iter()
        .any(|start| text.starts_with(start));
    (is_markup && text.contains("<svg")).then_some(LogoKind::Svg)
}

#[cfg(test)]
mod tests;
