//! The permit: who acts, in which role, for which facility. Every read and write takes one (invariant 8).

use super::right::{Right, Role};
use crate::fault::{Fault, Result};

/// A role at a facility, for some pipelines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Facility where it is held.
    pub facility: String,
    /// `*` or a list such as `imaging,ecg`.
    pub pipelines: String,
}

/// Who acts. Made from a session, a token, a peer, or by the program itself; never from data received.
#[derive(Debug, Clone)]
pub struct Permit {
    who: String,
    name: String,
    role: String,
    facility: String,
    scope: String,
    grants: Vec<Grant>,
    scopes: Vec<String>,
    trusted: bool,
}

impl Grant {
    /// Whether the role counts where it is held, for somebody who works for `home`.
    pub(super) fn counts(&self, home: &str, lead: &str) -> bool {
        self.facility == lead || (self.facility == home && self.role != Role::ItAdmin)
    }
}

/// Scope of one who sees every facility.
pub const ALL_FACILITIES: &str = "*";
/// Scopes that are one study begin so; the row id of the study follows.
const ONE_STUDY: &str = "study:";

impl Permit {
    /// The program itself, doing `task`.
    #[must_use]
    pub fn system(task: &str) -> Self {
        Self {
            who: "system".into(),
            name: task.into(),
            role: "system".into(),
            facility: String::new(),
            scope: ALL_FACILITIES.into(),
            grants: Vec::new(),
            scopes: Vec::new(),
            trusted: true,
        }
    }

    /// A registered peer (DICOM AE, HL7 sender): acts for its own facility only.
    #[must_use]
    pub fn peer(peer_name: &str, facility: &str) -> Self {
        Self {
            who: format!("peer:{peer_name}"),
            name: peer_name.into(),
            role: "peer".into(),
            facility: facility.into(),
            scope: facility.into(),
            grants: Vec::new(),
            scopes: Vec::new(),
            trusted: false,
        }
    }

    /// A machine token: acts for its own facility with the scopes written on it.
    #[must_use]
    pub fn machine(token_id: &str, name: &str, facility: &str, scopes: Vec<String>) -> Self {
        Self {
            who: format!("token:{token_id}"),
            name: name.into(),
            role: "machine".into(),
            facility: facility.into(),
            scope: facility.into(),
            grants: Vec::new(),
            scopes,
            trusted: false,
        }
    }

    /// A link for an outside viewer: reads the images of one study (row id) and nothing else.
    #[must_use]
    pub fn link(link_id: &str, viewer: &str, facility: &str, study: &str) -> Self {
        Self {
            who: format!("link:{link_id}"),
            name: viewer.into(),
            role: "link".into(),
            facility: facility.into(),
            scope: format!("{ONE_STUDY}{study}"),
            grants: Vec::new(),
            scopes: vec!["images:read".into()],
            trusted: false,
        }
    }

    /// A person. Whoever holds a reading or managing role at the lead hospital (its code is `lead`) sees the whole community; everybody
    /// else sees the facility they work for. A role counts where it is held: at that facility or at the lead hospital; and whoever
    /// administers, administers the centre, so this is held at the lead hospital only.
    #[must_use]
    pub fn person(id: &str, name: &str, facility: &str, lead: &str, mut grants: Vec<Grant>) -> Self {
        grants.retain(|g| g.counts(facility, lead));
        let there = |g: &Grant| g.facility == lead && g.role.serves_community();
        // Who administers or pays for the centre and treats patients of a clinic reads those of the clinic only.
        let sees_all = grants.iter().any(|g| there(g) && g.role.reads_community())
            || grants.iter().any(there) && grants.iter().all(|g| g.facility == lead);
        if sees_all {
            // A managing role of a clinic is none of the county because its holder reads for the county.
            grants.retain(|g| g.facility == lead || !g.role.serves_community());
        }
        let role = grants.first().map_or("none", |g| g.role.as_str());
        Self {
            who: id.into(),
            name: name.into(),
            role: role.into(),
            facility: facility.into(),
            scope: if sees_all { ALL_FACILITIES.into() } else { facility.into() },
            grants,
            scopes: Vec::new(),
            trusted: false,
        }
    }

    /// Account id, `peer:<ae>`, `token:<id>` or `system`.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.who
    }
    /// Name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
    /// First role, for the audit row.
    #[must_use]
    pub fn role(&self) -> &str {
        &self.role
    }
    /// Home facility.
    #[must_use]
    pub fn facility(&self) -> &str {
        &self.facility
    }
    /// `*`, the one facility whose rows may be seen, or `study:` and the one study; argument of the scope predicate.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.scope
    }
    /// The one study (row id) a link is bound to.
    #[must_use]
    pub fn study(&self) -> Option<&str> {
        self.scope.strip_prefix(ONE_STUDY)
    }
    /// Roles held.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// Whether the right is held, by whatever role.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.trusted || self.grants.iter().any(|g| g.role.rights().contains(&right))
    }

    /// Whether the right is held for a pipeline (`imaging`, `ecg`, `lab`).
    #[must_use]
    pub fn may_for(&self, right: Right, pipeline: &str) -> bool {
        self.trusted
            || self.grants.iter().any(|g| {
                g.role.rights().contains(&right)
                    && (g.pipelines == "*" || g.pipelines.split(',').any(|p| p.trim() == pipeline))
            })
    }

    /// Whether the right is held for rows of `facility`: some roles act for their own facility only, also where the person sees others.
    #[must_use]
    pub fn may_at(&self, right: Right, facility: &str) -> bool {
        self.trusted
            || self.grants.iter().any(|g| {
                g.role.rights().contains(&right) && (g.role.serves_community() || g.facility == facility)
            })
    }

    /// The right, or [`Fault::Denied`].
    pub fn require(&self, right: Right) -> Result<()> {
        if self.may(right) { Ok(()) } else { Err(Fault::denied(right.as_str())) }
    }

    /// The right for rows of `facility`, or [`Fault::Denied`].
    pub fn require_at(&self, right: Right, facility: &str) -> Result<()> {
        if self.may_at(right, facility) {
            Ok(())
        } else {
            Err(Fault::denied(format!("{} ({facility})", right.as_str())))
        }
    }

    /// The right for a pipeline, or [`Fault::Denied`].
    pub fn require_for(&self, right: Right, pipeline: &str) -> Result<()> {
        if self.may_for(right, pipeline) {
            Ok(())
        } else {
            Err(Fault::denied(format!("{} ({pipeline})", right.as_str())))
        }
    }

    /// Whether a machine token carries the scope (`reports:read`), or a person may view reports.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.trusted || self.scopes.iter().any(|s| s == scope)
    }

    /// Whether rows of `facility` may be seen.
    #[must_use]
    pub fn sees(&self, facility: &str) -> bool {
        self.scope == ALL_FACILITIES || self.scope == facility
    }
}

#[cfg(test)]
mod tests {
    use super::{Grant, Permit};
    use crate::access::{Right, Role};

    fn person(home: &str, grants: &[(Role, &str)]) -> Permit {
        let grant = |&(role, at): &(Role, &str)| Grant { role, facility: at.into(), pipelines: "*".into() };
        Permit::person("p", "P", home, "LEAD", grants.iter().map(grant).collect())
    }

    #[test]
    fn the_county_is_read_by_clinical_roles_of_the_lead_hospital() {
        let doctor_who_administers = person("C01", &[(Role::ClinicDoctor, "C01"), (Role::ItAdmin, "LEAD")]);
        assert!(!doctor_who_administers.sees("C02") && doctor_who_administers.may(Right::Administer));
        assert!(person("LEAD", &[(Role::ItAdmin, "LEAD")]).sees("C02"), "the whole centre is administered");
        let reads = person("C01", &[(Role::Lead, "C01"), (Role::Auditor, "LEAD")]);
        assert!(reads.sees("C02") && reads.may(Right::Audit));
        assert!(!reads.may(Right::Lead), "what is held at a clinic is not held for the county");
        assert!(person("C01", &[(Role::Lead, "C01")]).may(Right::Lead));
    }
}
