//! Roles and rights: one table in code (workflow specification, section 8).

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }
        impl $name {
            /// Every variant.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// The text used in the database and in JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
            /// The variant of a text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

names! {
    /// What a person is at a facility.
    Role {
        /// 基层医生
        ClinicDoctor = "clinic_doctor",
        /// 基层技师
        ClinicTechnician = "clinic_technician",
        /// 登记员
        Registrar = "registrar",
        /// 书写医师
        Writer = "writer",
        /// 审核医师
        Auditor = "auditor",
        /// 值班长
        Lead = "lead",
        /// 检验技师
        LabTechnician = "lab_technician",
        /// 检验审核者
        LabVerifier = "lab_verifier",
        /// 质控员
        QcOfficer = "qc_officer",
        /// 财务
        Finance = "finance",
        /// 监管
        Supervisor = "supervisor",
        /// 信息管理员
        ItAdmin = "it_admin",
        /// 外部阅片
        ExternalReader = "external_reader",
    }
}

names! {
    /// What may be done.
    Right {
        /// View reports, images and priors.
        ViewReports = "view_reports",
        /// Order, cancel before receipt.
        Order = "order",
        /// Acknowledge, treat and close a critical value; acknowledge an amendment.
        AcknowledgeCritical = "acknowledge_critical",
        /// Upload, retake, answer a return, collect specimens.
        Upload = "upload",
        /// Print and share.
        PrintShare = "print_share",
        /// Link and unlink identities.
        LinkIdentity = "link_identity",
        /// Receive or reject a specimen.
        ReceiveSpecimen = "receive_specimen",
        /// Claim, write, submit, recall, return to clinic.
        Write = "write",
        /// Publish a preliminary report.
        Preliminary = "preliminary",
        /// Audit, send back, sign, amend class 0-2.
        Audit = "audit",
        /// Withdraw (with a second person).
        Withdraw = "withdraw",
        /// Raise a critical value, call, record read-back.
        RaiseCritical = "raise_critical",
        /// Assign, break a lease, lower a class, correct a published result.
        Lead = "lead",
        /// Enter results, re-run.
        EnterResults = "enter_results",
        /// Release held results, verify.
        Verify = "verify",
        /// Grade images, score reports.
        GradeImages = "grade_images",
        /// Quality records and evidence.
        QcRecords = "qc_records",
        /// Cockpit.
        Cockpit = "cockpit",
        /// Prices, points, ledger.
        Finance = "finance",
        /// Facilities, peers, users, destinations; no clinical content.
        Administer = "administer",
    }
}

impl Role {
    /// Whether the role works for the whole community when it is held at the lead hospital. The others, whose rights are marked "own
    /// only" in the table, act for the facility at which they are held, wherever that is.
    #[must_use]
    pub fn serves_community(self) -> bool {
        !matches!(self, Self::ClinicDoctor | Self::ClinicTechnician | Self::ExternalReader)
    }

    /// Whether the role is about the patients of the community, not only about the centre.
    #[must_use]
    pub fn reads_community(self) -> bool {
        self.serves_community() && !matches!(self, Self::ItAdmin | Self::Finance | Self::Supervisor)
    }

    /// The rights of a role.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        use Right as R;
        match self {
            Self::ClinicDoctor => {
                &[R::ViewReports, R::Order, R::AcknowledgeCritical, R::Upload, R::PrintShare]
            }
            Self::ClinicTechnician => &[R::ViewReports, R::Upload, R::PrintShare],
            Self::Registrar => &[R::ViewReports, R::PrintShare, R::LinkIdentity, R::ReceiveSpecimen],
            Self::Writer => &[R::ViewReports, R::Write, R::Preliminary, R::RaiseCritical, R::GradeImages],
            Self::Auditor => {
                &[R::ViewReports, R::Write, R::Preliminary, R::Audit, R::RaiseCritical, R::GradeImages]
            }
            Self::Lead => &[
                R::ViewReports,
                R::PrintShare,
                R::Write,
                R::Preliminary,
                R::Audit,
                R::Withdraw,
                R::RaiseCritical,
                R::Lead,
                R::Verify,
                R::GradeImages,
                R::Cockpit,
            ],
            Self::LabTechnician => &[R::ReceiveSpecimen, R::EnterResults],
            Self::LabVerifier => {
                &[R::ViewReports, R::ReceiveSpecimen, R::RaiseCritical, R::EnterResults, R::Verify]
            }
            Self::QcOfficer => &[R::ViewReports, R::Withdraw, R::GradeImages, R::QcRecords, R::Cockpit],
            Self::Finance => &[R::Cockpit, R::Finance],
            Self::Supervisor => &[R::Cockpit],
            Self::ItAdmin => &[R::Administer],
            Self::ExternalReader => &[R::ViewReports, R::Write, R::RaiseCritical],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Right, Role};

    #[test]
    fn every_right_is_held_by_some_role() {
        for right in Right::ALL {
            assert!(Role::ALL.iter().any(|r| r.rights().contains(right)), "{right:?} is held by nobody");
        }
    }

    #[test]
    fn the_administrator_sees_no_clinical_content() {
        assert_eq!(Role::ItAdmin.rights(), &[Right::Administer]);
    }

    #[test]
    fn only_a_clinic_doctor_acknowledges() {
        for role in Role::ALL {
            assert_eq!(role.rights().contains(&Right::AcknowledgeCritical), *role == Role::ClinicDoctor);
        }
    }

    #[test]
    fn texts_round_trip() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(*role));
        }
    }
}
