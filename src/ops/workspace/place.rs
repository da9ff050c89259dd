//! Where a workspace lies, as far as that decides whether it may be written to.
//!
//! Invariant: a doubt never locks anybody out; only file systems known for unreliable locks are refused.

use std::fs;
use std::path::Path;

/// File systems whose locks do not reach other machines reliably.
const NETWORK: [&str; 8] = ["nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs"];

/// Why the database must not be written at `root`, where that is so.
pub fn unsafe_for_writing(root: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let root = root.ancestors().find_map(|folder| fs::canonicalize(folder).ok())?;
    let kind = file_system(&mounts, &root)?;
    NETWORK.contains(&kind).then(|| {
        format!(
            "{} is on a network drive ({kind}), where two machines can damage a database; keep the workspace on a local \
             disk and share its journal folder instead",
            root.display()
        )
    })
}

/// The type of the file system that holds `path`, from a mount table.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(point), Some(kind)) = (fields.next(), fields.next()) else { continue };
        let point = point.replace("\\040", " ");
        // A later mount covers an earlier one at the same point.
        if path.starts_with(&point) && best.is_none_or(|(length, _)| point.len() >= length) {
            best = Some((point.len(), kind));
        }
    }
    best.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mounts = "disk / ext4 rw 0 0\nhost:/x /home nfs4 rw 0 0\nb /home/ann/my\\040disk ext4 rw 0 0\n";
        let kind = |path: &str| file_system(mounts, Path::new(path));
        assert_eq!(kind("/var"), Some("ext4"));
        assert_eq!(kind("/home/ann"), Some("nfs4"));
        assert_eq!(kind("/homestead"), Some("ext4"));
        assert_eq!(kind("/home/ann/my disk/w"), Some("ext4"));
    }
}
