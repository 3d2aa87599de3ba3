//! Colours, and their contrast by WCAG 2.2.

use std::{fmt, str::FromStr};

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

pub const BLACK: Colour = Colour([0; 3]);
pub const WHITE: Colour = Colour([255; 3]);

/// A text that is no [`Colour`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a colour")]
pub struct NoColour;

impl FromStr for Colour {
    type Err = NoColour;

    /// `#rrggbb` or `#rgb`.
    fn from_str(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').ok_or(NoColour)?;
        let digits: Option<Vec<_>> = digits.chars().map(|digit| digit.to_digit(16)).collect();
        let number = |high: u32, low: u32| u8::try_from(high * 16 + low).map_err(|_| NoColour);
        match digits.as_deref() {
            Some(&[r, s, g, h, b, c]) => Ok(Self([number(r, s)?, number(g, h)?, number(b, c)?])),
            Some(&[r, g, b]) => Ok(Self([number(r, r)?, number(g, g)?, number(b, b)?])),
            _ => Err(NoColour),
        }
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    pub const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// This colour with so many hundredths of another in it.
    #[must_use]
    pub fn mixed(self, other: Self, hundredths: u8) -> Self {
        let part = u32::from(hundredths.min(100));
        let mix = |own: u8, other: u8| {
            let sum = u32::from(own) * (100 - part) + u32::from(other) * part;
            u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX)
        };
        let ([r, g, b], [s, h, c]) = (self.0, other.0);
        Self([mix(r, s), mix(g, h), mix(b, c)])
    }

    /// The first of this colour and its mixtures with `other` that `is_enough`.
    pub fn towards(self, other: Self, is_enough: impl Fn(Self) -> bool) -> Option<Self> {
        let mut mixtures = (0..=100).map(|hundredths| self.mixed(other, hundredths));
        mixtures.find(|colour| is_enough(*colour))
    }

    /// Between 1 and 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (own, other) = (self.luminance(), other.luminance());
        (own.max(other) + 0.05) / (own.min(other) + 0.05)
    }

    /// WCAG 2.2, relative luminance.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_parsed_and_written() {
        for (text, written) in [
            ("#0e5c47", "#0e5c47"),
            ("#FFF", "#ffffff"),
            ("#1aB", "#11aabb"),
        ] {
            assert_eq!(text.parse::<Colour>().unwrap().to_string(), written);
        }
        for text in [
            "",
            "#",
            "red",
            "0e5c47",
            "#0e5c4",
            "#0e5c477f",
            "#ggg",
            "#+12345",
            "#٠٠٠",
        ] {
            assert_eq!(text.parse::<Colour>(), Err(NoColour), "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 1e-9);
        // The best-known limit: the lightest grey that has 4.5 : 1 on white.
        let grey = Colour::of(0x76, 0x76, 0x76);
        assert!((WHITE.contrast(grey) - 4.54).abs() < 0.01);
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn mixtures_go_from_one_colour_to_the_other() {
        let green = Colour::of(0x0e, 0x5c, 0x47);
        assert_eq!(green.mixed(WHITE, 0), green);
        assert_eq!(green.mixed(WHITE, 100), WHITE);
        assert_eq!(BLACK.mixed(WHITE, 50), Colour::of(128, 128, 128));
        let light = green
            .towards(WHITE, |colour| colour.contrast(BLACK) >= 7.0)
            .unwrap();
        assert!(light.contrast(BLACK) >= 7.0 && light.contrast(BLACK) < 7.3);
        assert_eq!(green.towards(green, |colour| colour == WHITE), None);
    }
}
