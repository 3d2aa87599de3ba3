//! The parts of the frame that only the server renders. The browser keeps their HTML as it is (ADR 51), so nothing here
//! is part of the client.

use crate::{
    api::theme::SetTheme,
    domain::{
        frame::{BrandFiles, Frame, Person},
        page::{Group, Page},
        site::{self, Site},
        theme::Theme,
    },
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};

/// The frame of a page as HTML.
#[derive(Clone, Debug, Default)]
pub struct FrameHtml {
    pub header: String,
    pub person: String,
    pub navigation: String,
    pub footer: String,
}

impl FrameHtml {
    /// Needs an owner.
    pub fn of(frame: &Frame) -> Self {
        let header = view! { <Header frame /> }.to_html();
        let footer = view! { <Footer frame /> }.to_html();
        let Some(person) = &frame.person else {
            return Self {
                header,
                footer,
                ..Self::default()
            };
        };
        Self {
            header,
            person: view! { <PersonMenu person frame /> }.to_html(),
            navigation: view! { <Navigation person here=frame.page /> }.to_html(),
            footer,
        }
    }
}

/// The ids of the two menus are also in `layout.rs`, where the browser needs them.
#[component]
fn Header<'f>(frame: &'f Frame) -> impl IntoView {
    let menu = frame.person.is_some().then(|| {
        view! {
            <button class="menu-button" type="button" popovertarget="site-menu">
                <span class="visually-hidden">"Menu"</span>
            </button>
        }
    });
    let person = frame.person.as_ref().map(|person| {
        view! {
            <button class="person-button" type="button" popovertarget="person-menu">
                <Avatar person />
                <span class="visually-hidden">"Signed in as "</span>
                <bdi class="person-name">{person.display_name.clone()}</bdi>
            </button>
        }
    });
    view! {
        <div class="site-bar">
            {menu}
            <Brand site=&frame.site files=&frame.files />
            {person}
        </div>
    }
}

#[component]
fn Brand<'f>(site: &'f Site, files: &'f BrandFiles) -> impl IntoView {
    let mark = match &files.logo {
        Some(logo) => Either::Left(view! {
            <img class="mark" src=logo.address.clone() width="28" height="28" alt="" />
        }),
        None => Either::Right(view! { <Mark /> }),
    };
    view! {
        <a class="brand" href=Page::Home.path()>
            {mark}
            <span class="brand-name">{site.name.clone()}</span>
        </a>
    }
}

/// Its size is also set here: without the stylesheet it would fill the page.
#[component]
fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
            <path class="mark-light" d="M6 30V14a10 10 0 0 1 20 0v16z" />
            <path class="mark-leaf" d="M6 30V14C6 7.5 8.5 4 11.5 4S17 8 17 14v13.5z" />
            <path class="mark-frame" d="M5 30V14a11 11 0 0 1 22 0v16" />
        </svg>
    }
}

#[component]
fn Avatar<'f>(person: &'f Person) -> impl IntoView {
    view! { <span class="avatar" aria-hidden="true">{person.initials()}</span> }
}

#[component]
fn PersonMenu<'f>(person: &'f Person, frame: &'f Frame) -> impl IntoView {
    view! {
        <div class="person-card">
            <p class="person-full"><bdi>{person.display_name.clone()}</bdi></p>
            <p class="quiet-text"><bdi>{person.identifier.clone()}</bdi></p>
        </div>
        <ThemeChoice theme=frame.theme here=frame.here.clone() />
    }
}

/// A list for each group in which the session may open a page.
#[component]
fn Navigation<'f>(person: &'f Person, here: Option<Page>) -> impl IntoView {
    let current = here.map(Page::entry);
    let groups = Group::ALL.map(|group| {
        let entries = Page::MENU
            .iter()
            .filter(|(page, of, _)| *of == group && person.pages.contains(page));
        let links = entries.map(|&(page, _, label)| {
            let state =
                (current == Some(page)).then_some(if here == Some(page) { "page" } else { "true" });
            // Its picture is in `style/frame.css`.
            let class = format!("to-{}", page.path()[1..].replace('/', "-"));
            view! { <li><a class=class href=page.path() aria-current=state>{label}</a></li> }
        });
        let links = links.collect::<Vec<_>>();
        let id = format!("menu-{}", group.title().to_lowercase());
        (!links.is_empty()).then(|| {
            view! {
                <p class="menu-title" id=id.clone()>{group.title()}</p>
                <ul aria-labelledby=id>{links}</ul>
            }
        })
    });
    view! { {groups} }
}

/// Plain submit buttons: it works before and without the script.
#[component]
fn ThemeChoice(theme: Theme, here: Option<String>) -> impl IntoView {
    let here = here?;
    let buttons = Theme::ALL.map(|one| {
        let is_chosen = if one == theme { "true" } else { "false" };
        view! {
            <button type="submit" name="theme" value=one.as_str() aria-pressed=is_chosen>{one.label()}</button>
        }
    });
    Some(view! {
        <form class="theme" method="post" action=SetTheme::PATH>
            <input type="hidden" name="back" value=here />
            <p class="menu-title" id="theme">"Theme"</p>
            <div class="segments" role="group" aria-labelledby="theme">{buttons}</div>
        </form>
    })
}

#[component]
fn Footer<'f>(frame: &'f Frame) -> impl IntoView {
    let site = &frame.site;
    let help = site.help.as_ref().map(|help| match help.href() {
        Some(href) => Either::Left(view! { <li><a href=href data-link="help">"Help"</a></li> }),
        None => Either::Right(view! { <li>"Help: " {help.text().to_owned()}</li> }),
    });
    // The doctor knows them by their mark: other links to elsewhere are not ours.
    let link = |mark: &'static str, label: &'static str, href: &Option<String>| {
        let href = href.clone();
        href.map(|href| view! { <li><a href=href data-link=mark>{label}</a></li> })
    };
    let is_signed_out = frame.person.is_none();
    let links = site.help.is_some() || site.privacy.is_some() || site.imprint.is_some();
    view! {
        {links.then(|| view! {
            <ul class="site-links">
                {help} {link("privacy", "Privacy", &site.privacy)} {link("imprint", "Imprint", &site.imprint)}
            </ul>
        })}
        {is_signed_out.then(|| view! { <ThemeChoice theme=frame.theme here=frame.here.clone() /> })}
        <p class="product">{site::NAME}</p>
    }
}
