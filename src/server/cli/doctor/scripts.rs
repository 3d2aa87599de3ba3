//! Which scripts pages of ours have.

use super::page::{Element, Page};
use crate::{app::head_scripts, domain::plain_script};
use std::sync::LazyLock;

/// Those in the head, rendered by the application itself; without what differs between sites.
static IN_THE_HEAD: LazyLock<Vec<(Option<String>, String)>> = LazyLock::new(|| {
    let page = Page::read(&head_scripts());
    let scripts = page.elements.iter().filter(|one| one.is("script"));
    scripts.map(outline).collect()
});

/// Whether Leptos or the application has written it.
pub fn is_known(script: &Element) -> bool {
    let sources = ["src", "href", "xlink:href"].map(|name| script.attribute(name));
    let loads = sources.into_iter().flatten().next().is_some();
    IN_THE_HEAD.contains(&outline(script)) || (!loads && holds_values(&script.text))
}

/// Its address and its text.
fn outline(script: &Element) -> (Option<String>, String) {
    let source = ["src", "href", "xlink:href"].map(|name| script.attribute(name));
    let source = source.into_iter().flatten().next();
    (source.map(without_digest), skeleton(&script.text))
}

/// `/pkg/name.DIGEST.js` as `/pkg/name.js`, and `/follow.js?DIGEST` as `/follow.js`: what stands in the file, the
/// checks of files ask.
fn without_digest(path: &str) -> String {
    if let Some(path) = plain_script::path_in(path) {
        return path.to_owned();
    }
    let parts: Vec<_> = path.split('.').collect();
    match parts[..] {
        [name, _, kind] if name.starts_with("/pkg/") => format!("{name}.{kind}"),
        _ => path.to_owned(),
    }
}

/// The text without what stands between double quotes: names of files, and the values of pages.
fn skeleton(text: &str) -> String {
    let mut outside = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        outside.push(letter);
        if letter != '"' {
            continue;
        }
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => drop(letters.next()),
                '"' => {
                    outside.push('"');
                    break;
                }
                _ => {}
            }
        }
    }
    outside
}

/// Whether it does nothing but hand the values of the page over, as `hydration_context` writes them.
fn holds_values(text: &str) -> bool {
    let skeleton = skeleton(text);
    let statements = skeleton.split(';').map(str::trim);
    let mut statements = statements.filter(|one| !one.is_empty());
    !text.is_empty() && statements.all(is_value)
}

fn is_value(statement: &str) -> bool {
    let Some(rest) = statement.strip_prefix("__") else {
        return false;
    };
    let Some(end) = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_') else {
        return false;
    };
    let (name, rest) = rest.split_at(end);
    let named = matches!(
        name,
        "RESOLVED_RESOURCES"
            | "SERIALIZED_ERRORS"
            | "PENDING_RESOURCES"
            | "RESOURCE_RESOLVERS"
            | "INCOMPLETE_CHUNKS"
    );
    let rest = rest.strip_prefix(".push").unwrap_or(rest);
    // Numbers and strings, which call nothing.
    named
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || " []()=,\"".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known_in(html: &str) -> bool {
        let page = Page::read(html);
        is_known(&page.elements[0])
    }

    #[test]
    fn what_leptos_writes_is_known() {
        let page = Page::read(&head_scripts());
        let mut scripts = page.elements.iter().filter(|one| one.is("script"));
        let follow = "<script defer src='/follow.js?0123456789abcdef' nonce=x></script>";
        assert!(is_known_in(follow));
        let hydration = scripts.find(|script| !script.text.is_empty()).unwrap();
        assert!(is_known(hydration));
        let hashed = hydration
            .text
            .replace("vestibule", "vestibule.k3JtGmWqZpXo8L1v2bNcYA");
        assert!(is_known_in(&format!(
            "<script type=module>{hashed}</script>"
        )));
        for text in [
            "__RESOLVED_RESOURCES=[];__SERIALIZED_ERRORS=[];__PENDING_RESOURCES=[0,];__RESOURCE_RESOLVERS=[];",
            "__RESOLVED_RESOURCES[0] = \"{\\\"next\\\":\\\"/x;\\\"}\";",
            "__SERIALIZED_ERRORS.push([1, 2, \"no\"]);",
            "__INCOMPLETE_CHUNKS=[];",
        ] {
            assert!(is_known_in(&format!("<script>{text}</script>")), "{text}");
        }
    }

    #[test]
    fn everything_else_is_foreign() {
        let own = "__INCOMPLETE_CHUNKS=[];";
        for html in [
            "<script>1</script>".to_owned(),
            "<script></script>".to_owned(),
            "<script src=https://evil.test/x.js></script>".to_owned(),
            "<script src=//evil.test/follow.js?0></script>".to_owned(),
            format!("<script src=/cdn-cgi/x.js>{own}</script>"),
            format!("<script>{own}fetch(\"/x\")</script>"),
            format!("<script>{own}__x=1</script>"),
            "<script>__RESOLVED_RESOURCES[0] = \"\\\\\";fetch(\"/x\");</script>".to_owned(),
        ] {
            assert!(!is_known_in(&html), "{html}");
        }
    }
}
