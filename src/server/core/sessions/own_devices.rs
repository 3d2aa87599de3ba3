//! What owners say of the browsers in which they have signed in: whose a sign-in was, and their names.

use crate::{
    domain::{
        audit::Event,
        device::DeviceName,
        session::{CurrentUser, SessionId},
    },
    server::{
        core::{Core, actor::Owner},
        db::StoreError,
        store,
    },
};

/// The newest sign-in from a new browser that the owner of a session has to review; not that of its own browser.
pub async fn newest_to_review(
    core: &Core,
    session: &SessionId,
) -> Result<Option<SessionId>, StoreError> {
    store::sessions::newest_to_review(&core.db, session).await
}

/// Whether a session may name browsers: with all rights of its account, in a known browser.
pub fn may_name_devices(current: &CurrentUser) -> bool {
    current.session.key.is_none() && !current.session.device.is_unrecognised
}

/// Names the browser of one of the owner's live sessions; an empty name removes it. `false` if there is none on record,
/// or if the caller's browser is not known itself.
pub async fn name_device(
    core: &Core,
    owner: Owner<'_>,
    id: &SessionId,
    name: &DeviceName,
) -> Result<bool, StoreError> {
    let user = Some(&owner.user().id);
    let entry = owner
        .actor()
        .entry(core.clock.now(), Event::DeviceNamed, user, Some(id));
    store::devices::rename(&core.db, owner.session(), id, name, entry).await
}

/// Records that the owner recognises a sign-in from a new browser. `false` if it is not unrecognised, or if the
/// caller's browser is not known itself: an attacker with the password can sign in twice.
pub async fn recognise_sign_in(
    core: &Core,
    owner: Owner<'_>,
    id: &SessionId,
) -> Result<bool, StoreError> {
    let now = core.clock.now();
    store::sessions::recognise(&core.db, owner.session(), id, now, owner.actor()).await
}

/// Ends the session of a sign-in that the owner disowns, and later sessions of the same browser. `false` if it is not
/// unrecognised. If the caller's browser is not known itself, known browsers still show the sign-in.
pub async fn disown_sign_in(
    core: &Core,
    owner: Owner<'_>,
    id: &SessionId,
) -> Result<bool, StoreError> {
    let now = core.clock.now();
    store::sessions::disown(&core.db, owner.session(), id, now, owner.actor()).await
}
