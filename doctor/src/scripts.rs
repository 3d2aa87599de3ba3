//! The scripts of pages.

use super::{
    deployment::Deployment,
    page::{Element, Page},
};

/// The scripts that pages may have.
pub struct KnownScripts<'a> {
    deployment: &'a Deployment,
    /// Those in the head, without the parts that differ between sites.
    head_scripts: Vec<(Option<String>, String)>,
}

impl<'a> KnownScripts<'a> {
    pub fn of(deployment: &'a Deployment) -> Self {
        let mut known = Self {
            deployment,
            head_scripts: Vec::new(),
        };
        let page = Page::parse(&deployment.head_scripts);
        let scripts = page.elements.iter().filter(|one| one.is("script"));
        known.head_scripts = scripts.map(|script| known.outline(script)).collect();
        known
    }

    /// Whether Leptos or the application wrote it.
    pub fn has(&self, script: &Element) -> bool {
        let sources = ["src", "href", "xlink:href"].map(|name| script.attribute(name));
        let loads = sources.into_iter().flatten().next().is_some();
        self.head_scripts.contains(&self.outline(script))
            || (!loads && only_stores_values(&script.text))
    }

    /// Its address and its text, without the parts that differ.
    fn outline(&self, script: &Element) -> (Option<String>, String) {
        let source = ["src", "href", "xlink:href"].map(|name| script.attribute(name));
        let source = source.into_iter().flatten().next();
        let source = source.map(|path| self.without_digest(path));
        (source, without_strings(&script.text))
    }

    /// `/pkg/name.DIGEST.js` as `/pkg/name.js`, and `/follow.js?DIGEST` as `/follow.js`. The checks of files compare
    /// the contents.
    fn without_digest(&self, path: &str) -> String {
        if let Some(path) = self.deployment.plain_script_at(path) {
            return path.to_owned();
        }
        let parts: Vec<_> = path.split('.').collect();
        match parts[..] {
            [name, _, kind] if name.starts_with("/pkg/") => format!("{name}.{kind}"),
            _ => path.to_owned(),
        }
    }
}

/// The text without double-quoted strings: names of files, and values of pages.
fn without_strings(text: &str) -> String {
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

/// Whether it only passes the page's values on, as `hydration_context` writes them.
fn only_stores_values(text: &str) -> bool {
    let code = without_strings(text);
    let statements = code.split(';').map(str::trim);
    let mut statements = statements.filter(|one| !one.is_empty());
    !text.is_empty() && statements.all(stores_value)
}

fn stores_value(statement: &str) -> bool {
    let Some(rest) = statement.strip_prefix("__") else {
        return false;
    };
    let Some(end) = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_') else {
        return false;
    };
    let (name, rest) = rest.split_at(end);
    let is_known_name = matches!(
        name,
        "RESOLVED_RESOURCES"
            | "SERIALIZED_ERRORS"
            | "PENDING_RESOURCES"
            | "RESOURCE_RESOLVERS"
            | "INCOMPLETE_CHUNKS"
    );
    let rest = rest.strip_prefix(".push").unwrap_or(rest);
    // Numbers and strings, which call nothing.
    is_known_name
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || " []()=,\"".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known_in(html: &str) -> bool {
        let (page, deployment) = (Page::parse(html), Deployment::example());
        KnownScripts::of(&deployment).has(&page.elements[0])
    }

    #[test]
    fn scripts_of_the_release_are_known() {
        let deployment = Deployment::example();
        let page = Page::parse(&deployment.head_scripts);
        let mut scripts = page.elements.iter().filter(|one| one.is("script"));
        let follow = "<script defer src='/follow.js?0123456789abcdef' nonce=x></script>";
        assert!(is_known_in(follow));
        let hydration = scripts.find(|script| !script.text.is_empty()).unwrap();
        assert!(KnownScripts::of(&deployment).has(hydration));
        let hashed = hydration
            .text
            .replace("site", "site.k3JtGmWqZpXo8L1v2bNcYA");
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
    fn all_other_scripts_are_foreign() {
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
