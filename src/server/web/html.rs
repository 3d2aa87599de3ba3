//! Mends the HTML of documents that Leptos has rendered (ADR 52).
//!
//! Browsers repair all of it themselves, so the document that they build, and that hydration walks, is the same.
//! Checkers, and proxies and tools that read HTML, do not.

/// An empty comment, as Leptos separates nodes. `<!>` is a bogus comment (HTML, 13.2.5.42).
const BOGUS_COMMENT: &[u8] = b"<!>";
const EMPTY_COMMENT: &[u8] = b"<!---->";

/// `HydrationScripts` gives its nonce to `crossorigin` too. Any value that is unknown means this one.
const CROSS_ORIGIN: &[u8] = b" crossorigin=\"";
const ANONYMOUS: &[u8] = b"anonymous";

const END: &[u8] = b"</body></html>";

/// The document as valid HTML: comments that are comments, `crossorigin` with a value that exists, and the scripts with
/// the page's values inside the body. Text of scripts is left as it is.
pub fn mend(document: &[u8]) -> Vec<u8> {
    let mut mended = Vec::with_capacity(document.len() + document.len() / 8);
    let (document, after) = split_at_end(document);
    mend_part(document, &mut mended);
    if let Some(scripts) = after {
        mend_part(scripts, &mut mended);
        mended.extend_from_slice(END);
    }
    mended
}

/// The document up to the end of its body, and what follows its end: Leptos streams the values of a page behind it.
fn split_at_end(document: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut ends = document.windows(END.len()).enumerate();
    match ends.rfind(|(_, part)| *part == END) {
        Some((at, _)) => (&document[..at], Some(&document[at + END.len()..])),
        None => (document, None),
    }
}

fn mend_part(mut rest: &[u8], mended: &mut Vec<u8>) {
    while let Some(at) = rest.iter().position(|&byte| byte == b'<') {
        mended.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with(BOGUS_COMMENT) {
            mended.extend_from_slice(EMPTY_COMMENT);
            BOGUS_COMMENT.len()
        } else if rest.starts_with(b"<script") {
            copy(rest, end_of(rest, b"</script>"), mended)
        } else if rest.starts_with(b"<link ") {
            mend_link(rest, end_of(rest, b">"), mended)
        } else {
            copy(rest, 1, mended)
        };
        rest = &rest[length..];
    }
    mended.extend_from_slice(rest);
}

fn copy(rest: &[u8], length: usize, mended: &mut Vec<u8>) -> usize {
    mended.extend_from_slice(&rest[..length]);
    length
}

fn mend_link(rest: &[u8], length: usize, mended: &mut Vec<u8>) -> usize {
    let link = &rest[..length];
    let Some(at) = find(link, CROSS_ORIGIN) else {
        return copy(rest, length, mended);
    };
    let (before, value) = link.split_at(at + CROSS_ORIGIN.len());
    let end = value.iter().position(|&byte| byte == b'"');
    let after = end.unwrap_or(value.len());
    mended.extend_from_slice(before);
    mended.extend_from_slice(ANONYMOUS);
    mended.extend_from_slice(&value[after..]);
    length
}

/// The position behind `wanted`, or the end of the text.
fn end_of(text: &[u8], wanted: &[u8]) -> usize {
    find(text, wanted).map_or(text.len(), |at| at + wanted.len())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(document: &str) -> String {
        String::from_utf8(mend(document.as_bytes())).unwrap()
    }

    #[test]
    fn comments_are_comments_but_not_in_scripts() {
        assert_eq!(mended("<p>a<!>b<!></p>"), "<p>a<!---->b<!----></p>");
        let script =
            "<script nonce=\"n\">x = \"a<!>b\"; y = \"<link crossorigin=\\\"n\\\">\"</script>";
        assert_eq!(mended(script), script);
        assert_eq!(
            mended("<script>a<!></script><!>"),
            "<script>a<!></script><!---->"
        );
        for unchanged in [
            "",
            "<!DOCTYPE html>",
            "<!-- x -->",
            "a < b",
            "<",
            "<!",
            "&lt;!&gt;",
            "<script>",
        ] {
            assert_eq!(mended(unchanged), unchanged);
        }
    }

    #[test]
    fn only_links_lose_their_nonce() {
        let link = "<link rel=\"preload\" href=\"/x\" crossorigin=\"a+b/==\">";
        let valid = "<link rel=\"preload\" href=\"/x\" crossorigin=\"anonymous\">";
        assert_eq!(mended(link), valid);
        let without = "<link rel=\"icon\" href=\"/favicon.svg\">";
        assert_eq!(mended(without), without);
        let text = "<p title=\" crossorigin=\">x</p>";
        assert_eq!(mended(text), text);
    }

    #[test]
    fn scripts_behind_the_document_move_into_its_body() {
        let document = "<html><body><p><!></p></body></html><script>1</script><script>2</script>";
        let valid = "<html><body><p><!----></p><script>1</script><script>2</script></body></html>";
        assert_eq!(mended(document), valid);
        assert_eq!(mended(valid), valid, "a second time changes nothing");
    }
}
