//! How each sender is read: made of its policy once for as long as the senders stand.

use std::collections::HashMap;
use std::sync::Arc;

use yigong_base::Ctx;
use yigong_base::site::{Peer, Senders};
use yigong_formats::hl7::Profile;

type Read = std::result::Result<Arc<Profile>, String>;

struct Profiles {
    of: Arc<Senders>,
    by_peer: HashMap<String, Read>,
}

/// The profile of one of the senders, or why its policy is none.
pub(super) fn profile(ctx: &Ctx, senders: &Arc<Senders>, peer: &Peer) -> Read {
    let kept = ctx.kept.get::<Profiles>().filter(|kept| Arc::ptr_eq(&kept.of, senders));
    let profiles = kept.unwrap_or_else(|| {
        let read = |peer: &Peer| (peer.id.clone(), Profile::of_policy(&peer.policy).map(Arc::new));
        let new = Profiles { of: Arc::clone(senders), by_peer: senders.all().iter().map(read).collect() };
        let new = Arc::new(new);
        ctx.kept.put(&new);
        new
    });
    profiles.by_peer.get(&peer.id).cloned().unwrap_or_else(|| Err("not among the senders".into()))
}
