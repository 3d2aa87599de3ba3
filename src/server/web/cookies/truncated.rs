//! As much of the input of a form as fits into a cookie.

use crate::domain::{
    access_key::AccessKeyDraft,
    profile::ProfileDraft,
    setup::SetupDraft,
    views::{EditDraft, InvitationDraft},
};

/// Browsers keep a cookie of up to 4,096 bytes: name, refusals and base64 included.
const MAX_INPUT_BYTES: usize = 2_750;

/// Without the code and the password: they have to be entered again.
pub fn setup(input: &SetupDraft) -> SetupDraft {
    let mut remaining = MAX_INPUT_BYTES;
    SetupDraft {
        username: prefix(&input.username, &mut remaining),
        email: prefix(&input.email, &mut remaining),
        display_name: prefix(&input.display_name, &mut remaining),
    }
}

/// As much of a profile as fits into a cookie.
pub fn profile(input: &ProfileDraft) -> ProfileDraft {
    let mut remaining = MAX_INPUT_BYTES;
    ProfileDraft {
        email: prefix(&input.email, &mut remaining),
        display_name: prefix(&input.display_name, &mut remaining),
        description: prefix(&input.description, &mut remaining),
    }
}

/// As much of an invitation as fits into a cookie.
pub fn invitation(input: &InvitationDraft) -> InvitationDraft {
    let mut remaining = MAX_INPUT_BYTES;
    InvitationDraft {
        username: prefix(&input.username, &mut remaining),
        email: prefix(&input.email, &mut remaining),
        display_name: prefix(&input.display_name, &mut remaining),
        is_admin: input.is_admin,
    }
}

/// As much of the names of an account as fits into a cookie.
pub fn names(input: &EditDraft) -> EditDraft {
    let mut remaining = MAX_INPUT_BYTES;
    let mut prefix =
        |text: &Option<String>| text.as_deref().map(|text| prefix(text, &mut remaining));
    EditDraft {
        username: prefix(&input.username),
        email: prefix(&input.email),
        display_name: prefix(&input.display_name),
    }
}

/// As much of the input for an access key as fits into a cookie.
pub fn access_key(input: &AccessKeyDraft) -> AccessKeyDraft {
    let mut remaining = MAX_INPUT_BYTES;
    AccessKeyDraft {
        name: prefix(&input.name, &mut remaining),
        last_day: prefix(&input.last_day, &mut remaining),
        scopes: input.scopes.clone(),
        networks: prefix(&input.networks, &mut remaining),
    }
}

/// The longest prefix of a text that fits into the remaining bytes as JSON, which escapes some characters.
fn prefix(text: &str, remaining: &mut usize) -> String {
    let fits = |c: &char| {
        let needed = match c {
            '"' | '\\' => 2,
            c if c.is_ascii_control() => 6,
            c => c.len_utf8(),
        };
        let rest = remaining.checked_sub(needed);
        *remaining = rest.unwrap_or(0);
        rest.is_some()
    };
    text.chars().take_while(fits).collect()
}
