//! Configuration: one TOML file, every key also by environment (`YIGONG__HTTP__BIND`), unknown key = error with the nearest name.

mod load;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use load::{load, read};

/// The whole configuration. `Config::default()` is valid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The centre itself.
    pub centre: CentreConfig,
    /// Where data is kept.
    pub storage: StorageConfig,
    /// Pages, API, DICOMweb, FHIR.
    pub http: HttpConfig,
    /// DICOM upper layer.
    pub dicom: DicomConfig,
    /// HL7 over MLLP.
    pub mllp: MllpConfig,
    /// Imaging pipeline.
    pub imaging: ImagingConfig,
    /// How long images are kept.
    pub retention: RetentionConfig,
    /// Worklist and leases.
    pub work: WorkConfig,
    /// Reports.
    pub report: ReportConfig,
    /// Laboratory pipeline.
    pub lab: LabConfig,
    /// Logs.
    pub log: LogConfig,
}

macro_rules! section {
    ($(#[$meta:meta])* $name:ident { $($(#[$fmeta:meta])* $field:ident: $t:ty = $default:expr;)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$fmeta])* pub $field: $t,)+ }
        impl Default for $name {
            fn default() -> Self { Self { $($field: $default,)+ } }
        }
    };
}

section! {
    /// The centre itself.
    CentreConfig {
        /// Name on reports and pages, Chinese.
        name: String = "县域医共体共享诊断中心".into();
        /// Name in English.
        name_en: String = "County Shared Diagnostic Centre".into();
        /// Language of pages for visitors: `zh-CN` or `en`.
        lang: String = "zh-CN".into();
        /// Minutes east of UTC used on reports and for calendar days.
        utc_offset_minutes: i64 = 480;
    }
}
section! {
    /// Where data is kept.
    StorageConfig {
        /// Data folder: objects, spool, signing key, SQLite file.
        data: String = "data".into();
        /// `sqlite` (a file in the data folder) or a `postgres://` address.
        database: String = "sqlite".into();
        /// Bytes of the file system that new objects leave free; below it they are refused, reading and signing go on.
        /// -1 = a twentieth of it, 20 GiB at most.
        reserve_bytes: i64 = -1;
    }
}
section! {
    /// Pages, API, DICOMweb, FHIR.
    HttpConfig {
        /// Address and port.
        bind: String = "127.0.0.1:8080".into();
        /// Address that people and QR codes use, without a trailing slash; empty = `http://<bind>`.
        public_url: String = String::new();
        /// Worker threads.
        workers: i64 = 2;
        /// Largest body of one STOW-RS request, bytes.
        stow_max_bytes: i64 = 64 << 30;
    }
}
section! {
    /// DICOM upper layer.
    DicomConfig {
        /// Address and port.
        bind: String = "0.0.0.0:11112".into();
        /// Address and port for DICOM over TLS with mutual authentication, usually port 2762; empty = off.
        tls_bind: String = String::new();
        /// Our certificate, PEM, chain after it.
        tls_certificate: String = String::new();
        /// Its private key, PEM.
        tls_key: String = String::new();
        /// Authorities whose client certificates are taken, PEM.
        tls_ca: String = String::new();
        /// Our AE title.
        ae_title: String = "YIGONG".into();
        /// Further titles that it answers to, comma-separated: those of archives it took the place of.
        ae_aliases: String = String::new();
        /// Associations from one peer at most.
        associations_per_peer: i64 = 20;
        /// Associations in all at most.
        associations: i64 = 200;
        /// Seconds without a byte before an association is aborted.
        idle_seconds: i64 = 60;
    }
}
section! {
    /// HL7 over MLLP.
    MllpConfig {
        /// Address and port.
        bind: String = "0.0.0.0:2575".into();
        /// Largest frame in bytes.
        max_frame_bytes: i64 = 16 * 1024 * 1024;
        /// Seconds a frame may take from its first byte.
        frame_seconds: i64 = 60;
        /// Connections from one peer at most.
        connections_per_peer: i64 = 8;
        /// Connections in all at most.
        connections: i64 = 200;
    }
}
section! {
    /// Imaging pipeline.
    ImagingConfig {
        /// Seconds without a new image before a CR or DX study settles.
        quiet_seconds_cr_dx: i64 = 30;
        /// The same for ultrasound.
        quiet_seconds_us: i64 = 60;
        /// The same for CT and MR.
        quiet_seconds_ct_mr: i64 = 180;
        /// The same for every other modality.
        quiet_seconds_other: i64 = 60;
        /// Address of an OHIF viewer with the data source `dicomwebproxy`, without a trailing slash; empty = none is offered.
        ohif_url: String = String::new();
        /// Whether Weasis is offered: the reading stations have it, it opens by its own `weasis://` handler.
        weasis: bool = true;
        /// Days the lead hospital's own devices still see a study after its report was signed.
        task_grant_days: i64 = 180;
        /// Bytes of one frame, coded or decoded, that are taken into memory at most.
        max_frame_bytes: i64 = 256 << 20;
        /// Days in which every stored object is hashed again.
        scrub_days: i64 = 30;
        /// Days after the report was signed when images that came without compression are stored as lossless JPEG-LS; 0 = never.
        recompress_after_days: i64 = 0;
        /// Days for which the file as it came stays beside a recompressed one: a database from a backup finds what it names.
        recompress_keep_days: i64 = 14;
    }
}
section! {
    /// How long images are kept. Off unless switched on; an unsigned study is never given up.
    RetentionConfig {
        /// Whether anything is given up at all.
        enabled: bool = false;
        /// Years after the report was signed and the last image came.
        years: i64 = 15;
        /// Other years for single modalities: `MG=30`.
        modality_years: Vec<String> = Vec::new();
        /// Days between hiding and giving the bytes up.
        grace_days: i64 = 7;
    }
}
section! {
    /// Worklist and leases.
    WorkConfig {
        /// Minutes a claim lasts without a heartbeat.
        lease_minutes: i64 = 15;
        /// Minutes a skipped item stays hidden from the one who skipped it.
        skip_minutes: i64 = 30;
    }
}
section! {
    /// Reports.
    ReportConfig {
        /// Folders searched for fonts (a CJK font is required).
        font_dirs: Vec<String> = vec!["/usr/share/fonts".into(), "/usr/local/share/fonts".into()];
        /// Minutes a confirmed password is good for signing.
        reauth_minutes: i64 = 5;
    }
}
section! {
    /// Laboratory pipeline.
    LabConfig {
        /// Release results without a person when every rule passes. Off until a replay of the site's own history allows it.
        auto_verify: bool = false;
    }
}
section! {
    /// Logs.
    LogConfig {
        /// `json` or `text`.
        format: String = "text".into();
        /// `error`, `warn`, `info`, `debug`, or a tracing filter.
        level: String = "info".into();
    }
}
