//! The targets of links and forms, and the sources of scripts and styles.

use super::{
    client::Answer,
    contents::found,
    page::{Element, Page},
    report::{Verdict, expect},
    target::Target,
};

pub fn refers_to_this_site(answer: &Answer, page: &Page, target: &Target) -> Verdict {
    let elsewhere = |(name, value): (&str, &str)| match name {
        "src" | "href" | "xlink:href" | "poster" | "data" | "background" | "manifest" => {
            !target.is_same_origin(value)
        }
        "srcset" | "imagesrcset" | "ping" => {
            let mut addresses = value.split([',', ' ']).filter(|one| !one.is_empty());
            addresses.any(|one| !target.is_same_origin(one))
        }
        _ => false,
    };
    let mut elements = page.elements.iter();
    let foreign = elements.find(|one| !is_link_of_owner(one) && one.attributes().any(elsewhere));
    foreign.map_or(Ok(()), |element| Err(found(answer, element)))
}

/// The links to help, privacy and imprint lead where the owner has configured.
fn is_link_of_owner(element: &Element) -> bool {
    let is_marked = matches!(
        element.attribute("data-link"),
        Some("help" | "privacy" | "imprint")
    );
    let target = element.attribute("href").unwrap_or_default();
    let is_link = target.starts_with("https://") || target.starts_with("mailto:");
    element.is("a") && is_marked && is_link
}

pub fn forms_lead_here(answer: &Answer, page: &Page, target: &Target) -> Verdict {
    let path = answer.path.split('?').next().unwrap_or_default();
    for element in &page.elements {
        let leads_to = ["action", "formaction"].map(|name| element.attribute(name));
        let is_known = |action: &str| {
            let action = action.split('?').next().unwrap_or_default();
            target.is_same_origin(action)
                && (action.is_empty() || is_function(action) || target.deployment.has_page(action))
        };
        let holds = leads_to.into_iter().flatten().all(is_known);
        expect(holds, || found(answer, element))?;
        // The form around a password field receives the password.
        let asks_here = path == "/login" && element.attribute("type") == Some("password");
        if asks_here {
            let forms = page.elements.iter().filter(|one| one.is("form"));
            let mut around = forms.filter(|form| form.form == element.form);
            let is_the_sign_in = around.any(|form| {
                let method = form.attribute("method").unwrap_or_default();
                form.attribute("action") == Some("/api/login")
                    && method.eq_ignore_ascii_case("post")
            });
            expect(element.form.is_some() && is_the_sign_in, || {
                format!(
                    "{}, whose password does not go to /api/login",
                    answer.describe()
                )
            })?;
        }
    }
    Ok(())
}

/// Whether the address has the form of a server function. `unknown_functions` checks which functions exist.
fn is_function(action: &str) -> bool {
    let name = action.strip_prefix("/api/").unwrap_or_default();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{super::contents::tests::judged, *};

    #[test]
    fn foreign_links_and_forms_are_found() {
        for html in [
            "<link rel=preload href=//evil.test/x.js>",
            "<img srcset='/a 1x, https://evil.test/b 2x'>",
            "<a href=http://id.example.org/>",
            "<a href=https://example.org/>",
            "<a data-link=help href=http://example.org/>",
            "<a data-link=other href=https://example.org/>",
            "<img data-link=help src=https://example.org/>",
        ] {
            assert!(judged(refers_to_this_site, html).is_err(), "{html}");
        }
        let own = "<a href='#main'>x</a><a href='/x'>y</a><a data-link=help href=mailto:help@example.org>z</a>\
            <a data-link=imprint href=https://example.org/imprint>i</a>";
        assert_eq!(judged(refers_to_this_site, own), Ok(()));
        let sign_in = |action: &str| {
            let form = format!("<form method=post action='{action}'><input type=password></form>");
            judged(forms_lead_here, &form)
        };
        assert_eq!(sign_in("/api/login"), Ok(()));
        for action in ["/api/logout", "/elsewhere", "//evil.test/api/login", ""] {
            assert!(sign_in(action).is_err(), "{action}");
        }
        let button = "<form action=/admin/users><button formaction=https://evil.test></form>";
        assert!(judged(forms_lead_here, button).is_err());
    }
}
