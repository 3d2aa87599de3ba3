//! Behind the documented proxies, too, what was asked for is carried out although the window closes.

use super::{
    PERSON, TRUSTED,
    front::{BOTH, Front},
    home_and_server_on,
};
use crate::{
    on_both_engines,
    program::{free_port, sign_in},
    support::{
        PASSWORD,
        http::{Farewell, SESSION_COOKIE},
    },
};
use std::time::Duration;

const ROUNDS: usize = 24;

on_both_engines! {
    async fn who_signs_out_and_closes_the_window_is_signed_out(database: TestDatabase) {
        for kind in BOTH {
            let port = free_port();
            let (home, server) = home_and_server_on(database.engine, port, TRUSTED).await;
            let mut front = Front::start(kind, &home, port, server.address, &[]);
            let mut person = front.browser(PERSON).await;
            let mut copy = person.clone();
            let mut live = 0;
            for round in 0..ROUNDS {
                sign_in(&mut person, "ada", PASSWORD).await;
                copy.set_cookie(SESSION_COOKIE, person.session().unwrap());
                let farewell = if round % 2 == 0 { Farewell::Fin } else { Farewell::Reset };
                person.post_and_close("/api/logout", &[], farewell).await;
                let mut is_dead = false;
                for _ in 0..60 {
                    is_dead = copy.get("/dashboard").await.status == 303;
                    if is_dead {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                live += usize::from(!is_dead);
            }
            assert_eq!(live, 0, "{kind:?}: so many of {ROUNDS} cookies still live");
        }
    }
}
