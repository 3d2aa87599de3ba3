//! A document, parsed as a browser parses it.

use html5gum::{DefaultEmitter, HtmlString, Token, Tokenizer};

/// A start tag.
#[derive(Debug)]
pub struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    /// The text of a script.
    pub text: String,
    /// In an element that browsers parse only without scripting.
    pub is_in_noscript: bool,
    /// The number of the surrounding form.
    pub form: Option<usize>,
}

impl Element {
    pub fn attribute(&self, wanted: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    }

    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.attributes.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn is(&self, name: &str) -> bool {
        self.name == name
    }
}

/// The elements of a document, in document order.
#[derive(Debug, Default)]
pub struct Page {
    pub elements: Vec<Element>,
    forms: usize,
}

impl Page {
    pub fn parse(html: &str) -> Self {
        let mut page = Self::default();
        page.add(html, false);
        page
    }

    fn add(&mut self, html: &str, is_in_noscript: bool) {
        let mut emitter = DefaultEmitter::default();
        // Without this, text in a script would be parsed as tags.
        emitter.naively_switch_states(true);
        let mut form = None;
        for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
            match token {
                Token::StartTag(tag) => {
                    let name = text_of(&tag.name);
                    if name == "form" {
                        form = Some(self.forms);
                        self.forms += 1;
                    }
                    let attributes = tag.attributes.iter();
                    self.elements.push(Element {
                        name,
                        attributes: attributes
                            .map(|(name, value)| (text_of(name), text_of(value)))
                            .collect(),
                        text: String::new(),
                        is_in_noscript,
                        form,
                    });
                }
                Token::EndTag(tag) if tag.name.as_slice() == b"form" => form = None,
                Token::String(text) => self.text(&text_of(&text)),
                _ => {}
            }
        }
    }

    /// Text belongs to a script, or is parsed again as the content of `<noscript>`.
    fn text(&mut self, text: &str) {
        let Some(last) = self.elements.last_mut() else {
            return;
        };
        if last.is("script") {
            last.text.push_str(text);
        } else if last.is("noscript") && !last.is_in_noscript {
            self.add(text, true);
        }
    }
}

fn text_of(bytes: &HtmlString) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_parsed_as_in_browsers() {
        let page = Page::parse(
            "<p title='<b onclick=\"x\">'>ONLOAD</p><BODY OnLoad=x()><!-- <i> --><script nonce=n>if (a<b) '<u>'</script>\
             <form action=/a><input></form><input><noscript><meta http-equiv=refresh content=5></noscript>",
        );
        let names: Vec<_> = page.elements.iter().map(|one| one.name.as_str()).collect();
        let expected = [
            "p", "body", "script", "form", "input", "input", "noscript", "meta",
        ];
        assert_eq!(names, expected);
        assert_eq!(page.elements[1].attribute("onload"), Some("x()"));
        assert_eq!(page.elements[2].text, "if (a<b) '<u>'");
        assert_eq!(
            (page.elements[4].form, page.elements[5].form),
            (Some(0), None)
        );
        assert!(page.elements[7].is_in_noscript);
    }
}
