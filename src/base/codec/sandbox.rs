//! Takes from the worker process what a decoder does not need: memory without end, files, network, other programs.

use std::collections::BTreeMap;
use std::io;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// Address space of a worker, bytes.
const MEMORY_BYTES: u64 = 1 << 30;

/// Confines this process for good. Limits and system-call filter are required; landlock where the kernel has it.
pub(super) fn confine() -> io::Result<()> {
    limit(Resource::As, MEMORY_BYTES)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    let abi = ABI::V5;
    let ruleset = Ruleset::default().handle_access(AccessFs::from_all(abi)).map_err(io::Error::other)?;
    let ruleset = ruleset.handle_access(AccessNet::from_all(abi)).map_err(io::Error::other)?;
    // best effort: an old kernel or a container may have no landlock, the filter below holds all the same
    drop(ruleset.create().and_then(|rules| rules.restrict_self()));
    filter_system_calls()
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}

/// Opening files, sockets and starting programs answer EPERM from here on.
fn filter_system_calls() -> io::Result<()> {
    let mut calls = vec![
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_memfd_create,
        libc::SYS_kill,
        libc::SYS_io_uring_setup,
    ];
    #[cfg(target_arch = "x86_64")]
    calls.extend([libc::SYS_open, libc::SYS_creat, libc::SYS_fork, libc::SYS_vfork]);
    let rules: BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
        calls.into_iter().map(|call| (call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let target = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, target).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}
