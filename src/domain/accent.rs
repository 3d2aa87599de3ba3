//! The colour of the site's owner, in its shades for both themes.

use super::colour::{BLACK, Colour, WHITE};

/// WCAG 2.2, 1.4.3: text of the usual size.
const NEEDED: f64 = 4.5;

/// Backgrounds of `style/tokens.css`: page and card, light and dark.
const LIGHT: [(&str, Colour); 2] = [("page", Colour::of(0xf2, 0xf4, 0xf2)), ("card", WHITE)];
const DARK: [Colour; 2] = [Colour::of(0x0c, 0x12, 0x10), Colour::of(0x13, 0x1b, 0x18)];

/// In the dark theme there is room for more: 7 : 1 (1.4.6).
const NEEDED_IN_THE_DARK: f64 = 7.0;

/// An accent that can be read in both themes, and be written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    pub light: Shades,
    pub dark: Shades,
}

/// The names of `style/tokens.css` that depend on the accent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shades {
    pub accent: Colour,
    /// Under the pointer.
    pub strong: Colour,
    /// Text on a button.
    pub on_accent: Colour,
    pub door: Colour,
    /// The background of a notice.
    pub wash: Colour,
}

impl Accent {
    /// The colour as it is in the light theme, and lightened for the dark one.
    ///
    /// # Errors
    /// What it cannot be read on, and a shade that can.
    pub fn of(colour: Colour) -> Result<Self, String> {
        for (name, background) in LIGHT {
            let contrast = colour.contrast(background);
            if contrast < NEEDED {
                return Err(too_light(colour, name, background, contrast));
            }
        }
        let is_bright = |shade: Colour| {
            let mut backgrounds = DARK.iter();
            backgrounds.all(|one| shade.contrast(*one) >= NEEDED_IN_THE_DARK)
        };
        let bright = colour.towards(WHITE, is_bright).unwrap_or(WHITE);
        Ok(Self {
            light: Shades {
                accent: colour,
                strong: colour.mixed(BLACK, 25),
                on_accent: WHITE,
                door: colour,
                wash: WHITE.mixed(colour, 6),
            },
            dark: Shades {
                accent: bright,
                strong: bright.mixed(WHITE, 35),
                on_accent: colour.mixed(BLACK, 85),
                door: colour.mixed(DARK[1], 25),
                wash: DARK[1].mixed(bright, 8),
            },
        })
    }

    /// The style sheet that replaces the names of `style/tokens.css`. It is not compiled for older browsers, so it
    /// repeats what `light-dark()` would say once.
    pub fn stylesheet(&self) -> String {
        let (light, dark) = (self.light.rules(), self.dark.rules());
        format!(
            ":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\
             @media screen{{:root[data-theme=dark]{{{dark}}}}}"
        )
    }
}

impl Shades {
    fn rules(&self) -> String {
        let Self {
            accent,
            strong,
            on_accent,
            door,
            wash,
        } = self;
        format!(
            "--accent:{accent};--accent-strong:{strong};--on-accent:{on_accent};--door:{door};--info-wash:{wash}"
        )
    }
}

fn too_light(colour: Colour, name: &str, background: Colour, contrast: f64) -> String {
    let can_be_read = |shade: Colour| {
        let mut backgrounds = LIGHT.iter();
        backgrounds.all(|(_, background)| shade.contrast(*background) >= NEEDED)
    };
    let shade = colour.towards(BLACK, can_be_read).unwrap_or(BLACK);
    format!(
        "has a contrast of {contrast:.1} : 1 with the {name} ({background}) and with the white text on buttons; people need \
         4.5 : 1 to read it (WCAG 1.4.3). A shade of it that has that: \"{shade}\""
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: &str = include_str!("../../style/tokens.css");

    /// Every shade is readable where the style sheets use it.
    fn assert_readable(Accent { light, dark }: Accent) {
        for (_, background) in LIGHT {
            assert!(light.accent.contrast(background) >= NEEDED);
            assert!(light.strong.contrast(background) >= NEEDED);
        }
        for background in DARK {
            assert!(dark.accent.contrast(background) >= NEEDED_IN_THE_DARK);
            assert!(dark.strong.contrast(background) >= NEEDED_IN_THE_DARK);
        }
        for shades in [light, dark] {
            assert!(
                shades.on_accent.contrast(shades.accent) >= NEEDED,
                "{shades:?}"
            );
            assert!(
                shades.on_accent.contrast(shades.strong) >= NEEDED,
                "{shades:?}"
            );
        }
    }

    #[test]
    fn every_accepted_colour_is_readable_in_both_themes() {
        let steps = [0_u8, 0x33, 0x66, 0x99, 0xcc, 0xff];
        let (mut accepted, mut refused) = (0, 0);
        for red in steps {
            for green in steps {
                for blue in steps {
                    let colour = Colour::of(red, green, blue);
                    match Accent::of(colour) {
                        Ok(accent) => {
                            accepted += 1;
                            assert_readable(accent);
                        }
                        Err(mistake) => {
                            refused += 1;
                            let (_, shade) = mistake.rsplit_once(": ").unwrap();
                            let shade: Colour = shade.trim_matches('"').parse().unwrap();
                            assert_readable(Accent::of(shade).expect("the proposed shade"));
                        }
                    }
                }
            }
        }
        assert!(accepted > 50 && refused > 50, "{accepted}, {refused}");
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_with_the_reason() {
        let mistake = Accent::of(Colour::of(0xff, 0xcc, 0)).unwrap_err();
        assert!(
            mistake.starts_with("has a contrast of 1.4 : 1 with the page (#f2f4f2)"),
            "{mistake}"
        );
    }

    #[test]
    fn the_backgrounds_are_those_of_the_style_sheet() {
        let [(_, page), (_, card)] = LIGHT;
        for (name, light, dark) in [("page", page, DARK[0]), ("surface", card, DARK[1])] {
            let rule = format!("--{name}: light-dark({light}, {dark});");
            assert!(TOKENS.contains(&rule), "{rule}");
        }
    }

    #[test]
    fn the_style_sheet_replaces_names_that_exist() {
        let accent = Accent::of(Colour::of(0x1d, 0x4f, 0x91)).unwrap();
        let sheet = accent.stylesheet();
        assert!(sheet.starts_with(":root{--accent:#1d4f91;"), "{sheet}");
        let names = sheet
            .split(['{', ';'])
            .filter(|text| text.starts_with("--"));
        let names: Vec<_> = names.filter_map(|rule| rule.split(':').next()).collect();
        assert_eq!(names.len(), 15);
        for name in names {
            assert!(TOKENS.contains(&format!("  {name}: ")), "{name}");
        }
    }
}
