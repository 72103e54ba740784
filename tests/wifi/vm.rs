//! The virtual machine: its first file system, its run, and what comes out of it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;

/// Programs of the virtual machine, with the Debian package that brings each.
const PROGRAMS: [(&str, &str); 6] = [
    ("setpriv", "util-linux"),
    ("hostapd", "hostapd"),
    ("iw", "iw"),
    ("wpa_supplicant", "wpasupplicant"),
    ("rfkill", "rfkill"),
    ("cpio", "cpio"),
];

/// What the first file system is made with, with the Debian package that brings each.
const MAKERS: [(&str, &str); 3] = [("strip", "binutils"), ("ldd", "libc-bin"), ("sh", "dash")];

/// Without these files no radio is emulated.
const KERNEL: [&str; 2] = ["mac80211_hwsim.ko", "vmlinuz"];

/// Longer than all scenes take on a busy machine of two cores; then the machine is stopped, and what is missing fails.
const LONGEST: Duration = Duration::from_secs(600);

/// What a scene left: files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A program's path.
fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    places.map(|place| place.join(name)).find(|path| path.is_file())
}

/// Where the kernel and its modules are kept (tests/wifi/kernel).
fn kernel() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache"));
    cache.join("sonde-ecole/wifi-lab")
}

/// NetworkManager and what it misses here, unpacked (tests/wifi/network_manager); `None` where it could not be fetched.
pub(crate) fn network_manager() -> Option<PathBuf> {
    Some(kernel().join("network-manager")).filter(|place| place.join("usr/sbin/NetworkManager").exists())
}

/// What is missing to run the scenes here.
pub(crate) fn missing() -> Option<String> {
    let wanted = [("qemu-system-x86_64", "qemu-system-x86"), ("busybox", "busybox-static")];
    let missing = wanted.iter().chain(&PROGRAMS).chain(&MAKERS).find(|(name, _)| which(name).is_none());
    if let Some((name, package)) = missing {
        return Some(format!("{name} (package {package}) for the Wi-Fi scenes"));
    }
    let firmware = ["regulatory.db", "regulatory.db.p7s"].map(|name| Path::new("/lib/firmware").join(name));
    let mut files = KERNEL.map(|name| kernel().join(name)).into_iter().chain(firmware);
    files.find(|path| !path.exists()).map(|path| {
        format!("{} for the Wi-Fi scenes (tests/wifi/kernel, package wireless-regdb)", path.display())
    })
}

/// Puts a program into a directory of the file system, and the libraries it names.
fn install(program: &Path, root: &Path, directory: &str) {
    install_from(Path::new("/"), program, root, directory);
}

/// The same for a program unpacked under `base`, whose libraries may be there too.
fn install_from(base: &Path, program: &Path, root: &Path, directory: &str) {
    let name = program.file_name().unwrap();
    fs::copy(program, root.join(directory).join(name)).unwrap();
    let libraries = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(|place| base.join(place));
    let ldd = Command::new("ldd")
        .arg(program)
        .env("LD_LIBRARY_PATH", std::env::join_paths(libraries).unwrap())
        .output()
        .unwrap();
    for word in String::from_utf8_lossy(&ldd.stdout).split_whitespace().filter(|word| word.starts_with('/')) {
        let inside =
            Path::new(word).strip_prefix(base).or_else(|_| Path::new(word).strip_prefix("/")).unwrap();
        let place = root.join(inside);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(word, place).unwrap();
    }
}

/// Puts NetworkManager and a system bus into the file system, with the rules that their packages bring.
fn furnish_network_manager(base: &Path, root: &Path) {
    const PLUGINS: &str = "usr/lib/x86_64-linux-gnu/NetworkManager";
    const RULES: &str = "usr/share/dbus-1/system.d";
    for directory in [RULES, "etc/NetworkManager", "var/lib/NetworkManager"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    install_from(base, &base.join("usr/sbin/NetworkManager"), root, "usr/bin");
    install_from(base, &base.join("usr/bin/nmcli"), root, "usr/bin");
    // The bus is the system's own where there is one.
    let unpacked = base.join("usr/bin/dbus-daemon");
    let bus = which("dbus-daemon").filter(|_| !unpacked.exists()).unwrap_or(unpacked);
    install_from(base, &bus, root, "usr/bin");
    for version in fs::read_dir(base.join(PLUGINS)).unwrap().map(|entry| entry.unwrap().path()) {
        let plugin = version.join("libnm-device-plugin-wifi.so");
        let inside = format!("{PLUGINS}/{}", version.file_name().unwrap().to_string_lossy());
        fs::create_dir_all(root.join(&inside)).unwrap();
        if plugin.exists() {
            install_from(base, &plugin, root, &inside);
        }
    }
    let either = |file: &str| {
        let places = [base.join(file), Path::new("/").join(file)];
        places.into_iter().find(|place| place.exists()).unwrap_or_else(|| panic!("no {file}"))
    };
    for file in ["system.conf", "system.d/org.freedesktop.NetworkManager.conf"] {
        let file = format!("usr/share/dbus-1/{file}");
        fs::copy(either(&file), root.join(&file)).unwrap();
    }
    fs::copy(either("etc/dbus-1/system.d/wpa_supplicant.conf"), root.join(RULES).join("wpa_supplicant.conf"))
        .unwrap();
}

/// Makes the first file system in `root`, but for the scenes.
pub(crate) fn furnish(root: &Path, agent: &Path) {
    for directory in
        ["bin", "usr/bin", "dev", "proc", "sys", "run", "etc", "modules", "lib/firmware", "scenes"]
    {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    install(&which("busybox").unwrap(), root, "bin");
    symlink("/bin/busybox", root.join("bin/sh")).unwrap();
    for (name, _) in PROGRAMS.iter().filter(|(name, _)| *name != "cpio") {
        install(&which(name).unwrap(), root, "usr/bin");
    }
    install(agent, root, "usr/bin");
    let inside = root.join("usr/bin/sonde-ecole");
    // Without its symbols: a third of the size, and of the time to unpack it.
    assert!(Command::new("strip").arg(&inside).status().unwrap().success());
    for entry in fs::read_dir(kernel()).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|ending| ending == "ko") {
            fs::copy(&entry, root.join("modules").join(entry.file_name().unwrap())).unwrap();
        }
    }
    for file in ["regulatory.db", "regulatory.db.p7s"] {
        fs::copy(Path::new("/lib/firmware").join(file), root.join("lib/firmware").join(file)).unwrap();
    }
    if let Some(base) = network_manager() {
        furnish_network_manager(&base, root);
    }
    let users =
        "root:x:0:0::/tmp:/bin/sh\nmessagebus:x:100:100::/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n";
    fs::write(root.join("etc/passwd"), users).unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\nmessagebus:x:100:\nnetdev:x:101:\nnogroup:x:65534:\n")
        .unwrap();
    let init = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wifi/init");
    fs::copy(init, root.join("init")).unwrap();
    fs::set_permissions(root.join("init"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Boots the machine and waits for its end; what each scene left, and the seconds from boot to each scene's start and to the
/// end.
pub(crate) fn run(root: &Path, work: &Path) -> (BTreeMap<String, Files>, Vec<(String, f64)>) {
    let image = work.join("initramfs");
    let pack = "find . -print0 | cpio --null --quiet -o -H newc --owner 0:0 >\"$0\"";
    let packed = Command::new("sh").args(["-c", pack]).arg(&image).current_dir(root).status().unwrap();
    assert!(packed.success());
    let (console, results) = (work.join("console"), work.join("results"));
    let mut machine = Command::new("qemu-system-x86_64")
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "768"])
        .args(["-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"])
        .arg("-kernel")
        .arg(kernel().join("vmlinuz"))
        .arg("-initrd")
        .arg(&image)
        .args(["-append", "console=ttyS0 quiet panic=-1 rdinit=/init"])
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .arg("-serial")
        .arg(format!("file:{}", results.display()))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while machine.try_wait().unwrap().is_none() {
        if started.elapsed() > LONGEST {
            machine.kill().unwrap();
            machine.wait().unwrap();
            println!("the machine was stopped after {LONGEST:?}");
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let (files, marks) = read(&String::from_utf8_lossy(&fs::read(&results).unwrap_or_default()));
    if marks.last().is_none_or(|(what, _)| what != "done") {
        println!("{}", String::from_utf8_lossy(&fs::read(&console).unwrap_or_default()));
    }
    (files, marks)
}

/// Reads what the machine sent.
fn read(text: &str) -> (BTreeMap<String, Files>, Vec<(String, f64)>) {
    let (mut scenes, mut marks) = (BTreeMap::<String, Files>::new(), Vec::new());
    let (mut scene, mut open) = (String::new(), None);
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["@@", "scene", name, at] => {
                (*name).clone_into(&mut scene);
                marks.push((scene.clone(), at.parse().unwrap_or(f64::NAN)));
                scenes.entry(scene.clone()).or_default();
            }
            ["@@", "done", at] => marks.push(("done".to_owned(), at.parse().unwrap_or(f64::NAN))),
            ["@@", "file", name] => open = Some(((*name).to_owned(), String::new())),
            ["@@", "end"] => {
                if let Some((name, text)) = open.take() {
                    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default();
                    scenes.entry(scene.clone()).or_default().insert(name, bytes);
                }
            }
            _ => {
                if let Some((_, text)) = &mut open {
                    text.push_str(line.trim());
                }
            }
        }
    }
    (scenes, marks)
}
