//! Properties of characters, by Unicode.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};

/// Whether it is invisible (Default_Ignorable_Code_Point): zero-width characters, soft hyphens, the fillers of
/// Hangul, variation selectors.
pub fn is_invisible(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

pub fn is_letter_or_digit(c: char) -> bool {
    c.is_alphanumeric() && !is_invisible(c)
}

/// Whether it combines with the character before it (category M). Many have no combining class, such as the signs that
/// end or shorten a syllable in Thai, Lao and Khmer.
pub fn is_mark(c: char) -> bool {
    is_in(c, GeneralCategoryGroup::Mark) && !is_invisible(c)
}

/// Whether a terminal or a line reader may interpret it instead of showing it: control characters, line and paragraph
/// separators, and format characters. The latter change the direction of the text around them ("Trojan Source",
/// CVE-2021-42574).
pub fn is_control_or_format(c: char) -> bool {
    const CATEGORIES: GeneralCategoryGroup = GeneralCategoryGroup::Control
        .union(GeneralCategoryGroup::Format)
        .union(GeneralCategoryGroup::LineSeparator)
        .union(GeneralCategoryGroup::ParagraphSeparator);
    is_in(c, CATEGORIES)
}

fn is_in(c: char, group: GeneralCategoryGroup) -> bool {
    group.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_without_a_combining_class_are_marks() {
        for c in [
            '\u{301}', '\u{93f}', '\u{94d}', '\u{e47}', '\u{e4c}', '\u{ecc}', '\u{17cd}',
            '\u{20dd}',
        ] {
            assert!(is_mark(c), "{c:?}");
        }
        for c in ['a', '-', '\u{34f}', '\u{fe0f}', '\u{17b4}', '\u{200d}'] {
            assert!(!is_mark(c), "{c:?}");
        }
    }

    #[test]
    fn invisible_characters_are_no_letters() {
        for c in [
            '\u{ad}', '\u{115f}', '\u{200b}', '\u{2060}', '\u{3164}', '\u{feff}',
        ] {
            assert!(is_invisible(c) && !is_letter_or_digit(c), "{c:?}");
        }
        assert!(!is_invisible(' ') && !is_invisible('\u{a0}') && is_letter_or_digit('漢'));
    }

    #[test]
    fn control_and_format_characters_are_detected() {
        for c in [
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{61c}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2067}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            assert!(is_control_or_format(c), "{c:?}");
        }
        assert!(!" é漢\u{301}🐎".contains(is_control_or_format));
    }
}
