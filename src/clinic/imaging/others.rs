//! What a correction takes away with one word: everything else that a device wrote of a person, or of an order, that its images
//! do not belong to. One word beside each object, and not seventy; what belongs to it is decided when the object goes out.

use yigong_formats::dicom::Tag;

/// Stands for everything else that is said of the person. The length of a group is never corrected by itself.
pub(super) const PERSON: Tag = Tag(0x0010_0000);
/// Stands for everything else that is said of the order.
pub(super) const ORDER: Tag = Tag(0x0040_0000);

/// The elements that a path stands for, when it stands for more than itself.
pub(super) fn spelled_out(path: &str) -> Option<&'static [u32]> {
    match Tag::from_hex(path)? {
        PERSON => Some(&OF_THE_PERSON),
        ORDER => Some(&OF_THE_ORDER),
        _ => None,
    }
}

/// What else names or describes a person (PS3.3 §C.2, §C.3, §C.7.1.1, §C.7.1.3, §C.7.2.2, §C.12.1.1.9). Size and weight are of
/// the body that was examined and stay.
const OF_THE_PERSON: [u32; 67] = [
    0x0008_1080, // Admitting Diagnoses Description
    0x0008_1084, // Admitting Diagnoses Code
    0x0008_1120, // Referenced Patient
    0x0010_0011, // Person Names to Use
    0x0010_0012, // Name to Use
    0x0010_0013, // Name to Use Comment
    0x0010_0014, // Third Person Pronouns
    0x0010_0015, // Pronoun Code
    0x0010_0016, // Pronoun Comment
    0x0010_0021, // Issuer of Patient ID
    0x0010_0022, // Type of Patient ID
    0x0010_0024, // Issuer of Patient ID Qualifiers
    0x0010_0026, // Source Patient Group Identification
    0x0010_0027, // Group of Patients Identification
    0x0010_0032, // Birth Time
    0x0010_0033, // Birth Date in Alternative Calendar
    0x0010_0034, // Death Date in Alternative Calendar
    0x0010_0035, // Alternative Calendar
    0x0010_0041, // Gender Identity
    0x0010_0042, // Sex Parameters for Clinical Use Category Comment
    0x0010_0043, // Sex Parameters for Clinical Use Category
    0x0010_0044, // Gender Identity Code
    0x0010_0045, // Gender Identity Comment
    0x0010_0046, // Sex Parameters for Clinical Use Category Code
    0x0010_0047, // Sex Parameters for Clinical Use Category Reference
    0x0010_0050, // Insurance Plan Code
    0x0010_0101, // Primary Language Code
    0x0010_1000, // Other Patient IDs
    0x0010_1001, // Other Patient Names
    0x0010_1002, // Other Patient IDs Sequence
    0x0010_1005, // Birth Name
    0x0010_1010, // Age
    0x0010_1040, // Address
    0x0010_1060, // Mother's Birth Name
    0x0010_1080, // Military Rank
    0x0010_1081, // Branch of Service
    0x0010_1090, // Medical Record Locator
    0x0010_1100, // Referenced Patient Photo
    0x0010_2000, // Medical Alerts
    0x0010_2110, // Allergies
    0x0010_2150, // Country of Residence
    0x0010_2152, // Region of Residence
    0x0010_2154, // Telephone Numbers
    0x0010_2155, // Telecom Information
    0x0010_2160, // Ethnic Group
    0x0010_2180, // Occupation
    0x0010_21A0, // Smoking Status
    0x0010_21B0, // Additional Patient History
    0x0010_21C0, // Pregnancy Status
    0x0010_21D0, // Last Menstrual Date
    0x0010_21F0, // Religious Preference
    0x0010_2297, // Responsible Person
    0x0010_2299, // Responsible Organization
    0x0010_4000, // Patient Comments
    0x0012_0040, // Clinical Trial Subject ID
    0x0012_0042, // Clinical Trial Subject Reading ID
    0x0038_0010, // Admission ID
    0x0038_0014, // Issuer of Admission ID
    0x0038_0050, // Special Needs
    0x0038_0060, // Service Episode ID
    0x0038_0062, // Service Episode Description
    0x0038_0064, // Issuer of Service Episode ID
    0x0038_0300, // Current Patient Location
    0x0038_0400, // Patient's Institution Residence
    0x0038_0500, // Patient State
    0x0038_4000, // Visit Comments
    0x0400_0561, // Original Attributes: what was corrected before, with the values it had
];

/// What else names an order (PS3.3 §C.4.10, §C.7.2.1, §C.7.3.1): its numbers, its words, and the steps of it that a series answers.
const OF_THE_ORDER: [u32; 15] = [
    0x0008_0051, // Issuer of Accession Number
    0x0008_1110, // Referenced Study
    0x0032_1032, // Requesting Physician
    0x0032_1060, // Requested Procedure Description
    0x0032_1064, // Requested Procedure Code
    0x0032_4000, // Study Comments
    0x0040_0275, // Request Attributes
    0x0040_1001, // Requested Procedure ID
    0x0040_1002, // Reason for the Requested Procedure
    0x0040_100A, // Reason for Requested Procedure Code
    0x0040_1400, // Requested Procedure Comments
    0x0040_2016, // Placer Order Number
    0x0040_2017, // Filler Order Number
    0x0040_2400, // Imaging Service Request Comments
    0x0040_A370, // Referenced Request
];
