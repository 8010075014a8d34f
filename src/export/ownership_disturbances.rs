//! What people, other programs and machines do to outputs and states, for the model beside this.

use fastrand::Rng;
use std::{fs, io::Write as _, path::Path};

/// What people, other programs and machines do to files. States and owner files are zdx's own,
/// but states are copied and restored.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
pub(super) fn disturb(dir: &Path, rng: &mut Rng) -> String {
    let name = ["a.ndjson", "b.ndjson"][rng.usize(..2)];
    let path = dir.join(name);
    let beside = dir.join(format!("{name}.1"));
    let copy = dir.join(format!("{name}.copy"));
    let (state, kept) = (dir.join("quiet.json"), dir.join("quiet-copy.json"));
    let elsewhere = dir.join("c.ndjson");
    let backup = dir.join("backup.json");
    let act = rng.u8(..13);
    let length = fs::metadata(&path).map_or(0, |found| found.len());
    match act {
        0 => drop(fs::rename(&path, &beside)),
        1 => drop(fs::rename(&beside, &path)),
        2 => drop(fs::copy(&path, &copy)),
        // A restored file is another one.
        3 if copy.exists() => {
            drop(fs::remove_file(&path));
            fs::copy(&copy, &path).unwrap();
        }
        4 if path.exists() => {
            let to = rng.u64(..=length);
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(to).unwrap();
        }
        5 | 6 if path.exists() => {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            file.write_all(b"{\"foreign\":1}\n").unwrap();
        }
        7 => drop(fs::copy(&state, &kept)),
        8 => drop(fs::copy(&kept, &state)),
        11.. => drop(fs::copy(&backup, &state)),
        // To where the series may go on.
        9 if !elsewhere.exists() => drop(fs::rename(&path, &elsewhere)),
        10 if path.exists() => {
            fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
        }
        _ => {}
    }
    format!("disturbance {act} of {name}")
}
