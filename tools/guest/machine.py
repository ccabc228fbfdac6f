"""What a guest of tools/kernels is made of: Debian's packages, a kernel with its initramfs, and a disk."""
import lzma
import os
import re
import shlex
import shutil
import stat
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOME = os.path.join(ROOT, "build", "kernels")
GUEST = os.path.join(ROOT, "tools", "guest")

# Of an architecture: qemu's program, its package, what it needs to be told, and what the kernel needs to be told. They take
# what is dear in an emulator out of the processor and the kernel, and nothing that a test looks at: repeated string
# instructions, which clear and copy pages; a fifth level of page tables; a strong cipher for signed pointers; what hides
# the faults of real processors; addresses that differ from exec to exec, at each of which it translates a library again.
MACHINES = {
    "amd64": ("qemu-system-x86_64", "qemu-system-x86", ["-cpu", "max,erms=off,fsrm=off,la57=off"],
              "console=ttyS0 clearcpuid=rep_good mitigations=off init_on_alloc=0 norandmaps"),
    "arm64": ("qemu-system-aarch64", "qemu-system-arm", ["-M", "virt", "-cpu", "max,pauth-impdef=on"],
              "console=ttyAMA0 mitigations=off init_on_alloc=0 norandmaps"),
}

# What the tests and the guest's own scripts call, besides the essential packages and what all of these depend on.
PACKAGES = """libc6 libgcc-s1 libcmocka0 libseccomp2 libjson-c5 util-linux mount procps kmod uidmap login passwd iproute2 mawk libcap2-bin runc
    strace python3""".split()
# Not for this machine; these need nothing but what is there.
DOWNLOADED = ["apparmor", "busybox-static"]
# Essential, for an architecture of which nothing is installed.
ESSENTIAL = "base-files bash coreutils dash diffutils findutils grep sed tar gzip hostname libc-bin debianutils".split()
MODULES = "virtio_pci virtio_blk virtio_console overlay".split()


class Impossible(Exception):
    """It cannot be done here, and why."""


class Failed(Exception):
    """A command failed that should not, and what it said."""


def run(*command, **options):
    """The output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, text=True, **options)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise Failed(f"{' '.join(command[:3])}: {said[-1]}")
    return done.stdout


# Packages.

class Packages:
    """Debian's packages for an architecture: this machine's, or another's in a folder of its own, since dpkg's own list of
    architectures is not ours to change."""

    def __init__(self, arch):
        if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
            raise Impossible("there is no apt-get, and only Debian's packages are known here")
        self.arch = arch
        self.cache = os.path.join(HOME, "packages", arch)
        os.makedirs(self.cache, exist_ok=True)
        self.native = arch == run("dpkg", "--print-architecture").strip()
        self.options = [] if self.native else self.foreign()
        self.updated = False

    def foreign(self):
        home = os.path.join(HOME, "apt", self.arch)
        for folder in ("state/lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(home, folder), exist_ok=True)
        open(os.path.join(home, "status"), "a", encoding="utf-8").close()
        return ["-o", f"APT::Architecture={self.arch}", "-o", f"APT::Architectures={self.arch}",
                "-o", f"Dir::State={home}/state", "-o", f"Dir::Cache={home}/cache", "-o", f"Dir::State::status={home}/status",
                "-o", "Dir::Etc::PreferencesParts=/dev/null"]

    def apt(self, command, *words):
        try:
            return run(command, "-q", *self.options, "-o", "APT::Sandbox::User=root", *words, cwd=self.cache)
        except Failed as failure:
            raise Impossible(str(failure)) from failure

    def update(self):
        if not self.updated:
            self.updated = True
            self.apt("apt-get", "update")

    def newest(self, pattern):
        """The name of the newest package that the pattern matches, of those in the cache or else of those in the archive."""
        kept = [name.split("_")[0] for name in os.listdir(self.cache)]
        for attempt in (lambda: kept, self.known, lambda: self.update() or self.known()):
            names = [name for name in attempt() if re.fullmatch(pattern, name)]
            if names:
                return max(names, key=lambda name: [int(n) for n in re.findall(r"\d+", name)])
        raise Impossible(f"apt knows no package {pattern}")

    def known(self):
        return self.apt("apt-cache", "pkgnames", "linux-image-").split()

    def fetch(self, name):
        """The package's file, in the cache."""
        for attempt in range(3):
            kept = [file for file in os.listdir(self.cache) if file.startswith(name + "_") and file.endswith(".deb")]
            if kept:
                return os.path.join(self.cache, max(kept))
            if attempt == 1:
                self.update()
            try:
                self.apt("apt-get", "download", name)
            except Impossible:
                if attempt == 1:
                    raise
        raise Impossible(f"apt-get download {name}: no file")

    def fetch_all(self, names):
        """The files of these packages and of all that they need, for an architecture of which nothing is installed."""
        mark = os.path.join(self.cache, "complete")
        wanted = " ".join(names)
        if not os.path.exists(mark) or open(mark, encoding="utf-8").read() != wanted:
            self.update()
            self.apt("apt-get", "install", "--download-only", "--yes", "--no-install-recommends",
                     "-o", f"Dir::Cache::archives={self.cache}", "-o", "Debug::NoLocking=1", *names)
            with open(mark, "w", encoding="utf-8") as file:
                file.write(wanted)
        return [os.path.join(self.cache, file) for file in sorted(os.listdir(self.cache))
                if file.endswith(".deb") and not file.startswith("linux-image-")]


def install_tools(arch):
    """What this machine itself needs."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    wanted = [("modprobe", "kmod"), ("mke2fs", "e2fsprogs"), MACHINES[arch][:2]]
    missing = [package for program, package in wanted if not shutil.which(program)]
    if not missing:
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise Impossible(f"please install, or run this as root where there is apt-get: {' '.join(missing)}")
    install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing]
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    try:
        run(*install, env=environment)
    except Failed:
        try:
            run("apt-get", "update", "-q")
            run(*install, env=environment)
        except Failed as failure:
            raise Impossible(str(failure)) from failure


def cross_build(build, packages):
    """Builds the library and the tests for the architecture, as tools/check does."""
    if packages.arch != "arm64":
        raise Impossible("cross-building is known for arm64 alone")
    root = build + "-root"
    done = subprocess.run([os.path.join(ROOT, "tools", "setup-cross"), "aarch64", root], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 77:
        raise Impossible((done.stdout.strip().splitlines() or ["it cannot be built here"])[-1])
    if done.returncode != 0:
        raise Failed(f"tools/setup-cross: exit status {done.returncode}")
    if not os.path.exists(os.path.join(build, "build.ninja")):
        run("meson", "setup", "--cross-file", os.path.join(ROOT, "tools", "aarch64.ini"), build, ROOT,
            env=dict(os.environ, PKG_CONFIG_PATH=root))
    run("ninja", "-C", build)


# The kernel and its initramfs.

def archive(entries):
    """A cpio archive: (name, mode, content) each."""
    out = bytearray()
    for number, (name, mode, content) in enumerate(entries + [("TRAILER!!!", 0, b"")], 1):
        raw = name.encode() + b"\0"
        fields = [number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(raw), 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + raw
        out += b"\0" * (-len(out) % 4) + content
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def program_file(name, content):
    return (name, stat.S_IFREG | 0o755, content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def first_of(*paths):
    return next(path for path in paths if os.path.exists(path))


def unpacked_kernel(name, packages):
    """The folder of the kernel's files, with the order in which its modules need each other."""
    folder = os.path.join(HOME, "unpacked", name)
    done = os.path.join(folder, "done")
    if os.path.exists(done):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for package in (name, "busybox-static"):
        run("dpkg-deb", "-x", packages.fetch(package), folder)
    if not os.path.exists(os.path.join(folder, "lib")):
        os.symlink("usr/lib", os.path.join(folder, "lib"))
    for version in os.listdir(os.path.join(folder, "lib/modules")):
        run("depmod", "-b", folder, version)
    with open(done, "w", encoding="utf-8"):
        return folder


def prepare_kernel(pattern, packages):
    """The kernel's file and the entries of an initramfs that loads what the disk needs."""
    try:
        folder = unpacked_kernel(packages.newest(pattern), packages)
    except Impossible:
        # The archive keeps the newest few only: apt may have learned of another by now.
        folder = unpacked_kernel(packages.newest(pattern), packages)
    image = next(file for file in os.listdir(os.path.join(folder, "boot")) if file.startswith("vmlinuz-"))
    shown = run("modprobe", "-d", folder, "-S", image[len("vmlinuz-"):], "--show-depends", "-a", *MODULES)
    modules = dict.fromkeys(line.split()[1] for line in shown.splitlines() if line.startswith("insmod "))
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in ("bin", "proc", "dev", "disk", "modules")]
    entries.append(program_file("init", read(os.path.join(GUEST, "first"))))
    busybox = first_of(os.path.join(folder, "bin/busybox"), os.path.join(folder, "usr/bin/busybox"))
    entries.append(program_file("bin/busybox", read(busybox)))
    order = []
    for file in modules:
        content = lzma.decompress(read(file)) if file.endswith(".xz") else read(file)
        order.append(os.path.basename(file).removesuffix(".xz"))
        entries.append(program_file("modules/" + order[-1], content))
    entries.append(program_file("modules/order", "\n".join(order).encode()))
    return os.path.join(folder, "boot", image), entries


# The disk.

def installed_closure(names):
    """Those of the packages that are installed, the essential ones, and all that they depend on."""
    def plain(word):
        return re.sub(r"[ :(].*", "", word.strip())

    depends, provided = {}, {}
    form = "${Package}\t${Essential}\t${Status}\t${Pre-Depends}, ${Depends}\t${Provides}\n"
    wanted = list(names)
    for line in run("dpkg-query", "-W", "-f", form).splitlines():
        package, essential, status, needs, also = line.split("\t")
        if not status.endswith(" installed"):
            continue
        depends[package] = [[plain(word) for word in group.split("|")] for group in needs.split(",")]
        for word in also.split(","):
            provided.setdefault(plain(word), package)
        if essential == "yes":
            wanted.append(package)
    closure = set()
    while wanted:
        name = wanted.pop()
        package = name if name in depends else provided.get(name)
        if package and package not in closure:
            closure.add(package)
            # Of several that would do, the first that is there.
            for group in depends[package]:
                wanted += [name for name in group if name in depends or name in provided][:1]
    return sorted(closure)


UNNEEDED = re.compile(r"/usr/share/(doc|man|locale|info|zoneinfo|bash-completion|lintian|bug|i18n|perl5?)(/|$)")


def copy_installed(packages, root):
    """The files of installed packages, with /bin, /sbin and /lib where they belong since these are links."""
    paths = set()
    for path in run("dpkg-query", "-L", *packages).splitlines():
        path = re.sub(r"^/(bin|sbin|lib|lib64)(?=/|$)", r"/usr/\1", path)
        if path.startswith("/") and not UNNEEDED.match(path) and (os.path.islink(path) or os.path.isfile(path)):
            paths.add(path)
    # What update-alternatives made: awk, say.
    for name in os.listdir("/etc/alternatives"):
        link = os.path.join("/etc/alternatives", name)
        if os.path.realpath(link) in paths:
            paths.add(link)
            paths.update(path for path in (f"/usr/bin/{name}", f"/usr/sbin/{name}") if os.path.islink(path))
    listed = os.path.join(HOME, "files")
    with open(listed, "w", encoding="utf-8") as file:
        file.write("".join(f".{path}\n" for path in sorted(paths)))
    pipe = f"tar c -C / --no-recursion -T {shlex.quote(listed)} | tar x -C {shlex.quote(root)}"
    run("bash", "-o", "pipefail", "-c", pipe)


def unpack(deb, root):
    run("bash", "-o", "pipefail", "-c",
        f"dpkg-deb --fsys-tarfile {shlex.quote(deb)} | tar x --keep-directory-symlink -C {shlex.quote(root)}")


ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\nbin:x:2:2::/:/usr/sbin/nologin\n"
              "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\ndaemon:x:1:\nbin:x:2:\ntty:x:5:\nnogroup:x:65534:\n",
    "shadow": "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n",
    "subuid": "nobody:100000:65536\n", "subgid": "nobody:100000:65536\n",
    "hosts": "127.0.0.1 localhost guest\n", "hostname": "guest\n",
}


def make_tree(root):
    for name in "bin sbin lib lib64".split():
        os.makedirs(os.path.join(root, "usr", name))
        os.symlink("usr/" + name, os.path.join(root, name))
    for name in "proc sys dev run root mnt home etc var/lib".split():
        os.makedirs(os.path.join(root, name))
    for name in ("tmp", "var/tmp"):
        os.makedirs(os.path.join(root, name))
        os.chmod(os.path.join(root, name), 0o1777)


def add_packages(packages, root):
    if packages.native:
        there = installed_closure(PACKAGES)
        copy_installed(there, root)
        for name in DOWNLOADED:
            if name not in there:
                unpack(packages.fetch(name), root)
        run("ldconfig", "-r", root)
        return
    for deb in packages.fetch_all(ESSENTIAL + PACKAGES + DOWNLOADED):
        unpack(deb, root)
    for name, target in (("awk", "mawk"), ("which", "which.debianutils")):
        if not os.path.lexists(os.path.join(root, "usr/bin", name)):
            os.symlink(target, os.path.join(root, "usr/bin", name))


def make_disk(packages, build, out):
    """A disk of what the tests need, and of the tests."""
    root = os.path.join(HOME, "root-" + packages.arch)
    shutil.rmtree(root, ignore_errors=True)
    make_tree(root)
    add_packages(packages, root)
    for name, content in ACCOUNTS.items():
        path = os.path.join(root, "etc", name)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    copy_tests(build, root)
    shutil.copy(os.path.join(GUEST, "init"), os.path.join(root, "guest-init"))
    if os.path.exists(out):
        os.unlink(out)
    # Whoever this is, its files are root's in the guest.
    own = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
    try:
        run(*own, "true")
    except Failed as failure:
        raise Impossible(f"needs root or user namespaces: {failure}") from failure
    form = ["-t", "ext4", "-O", "^has_journal", "-E", "lazy_itable_init=0", "-N", "65536"]
    run(*own, "mke2fs", "-q", *form, "-d", root, out, "1500M")
    shutil.rmtree(root)


def copy_tests(build, root):
    """The programs, scripts and libraries of the build folder and of the tree, under the same paths."""
    def copy(path):
        target = root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(path, target, follow_symlinks=False)

    for folder, folders, files in os.walk(build):
        unneeded = ("cargo", "meson-logs", "prefix", "bench")
        folders[:] = [name for name in folders if not name.endswith(".p") and name not in unneeded]
        for name in files:
            path = os.path.join(folder, name)
            if os.path.islink(path) or os.access(path, os.X_OK) or name.endswith(".so"):
                copy(path)
    for folder in ("c-tests", "tools"):
        for above, _, files in os.walk(os.path.join(ROOT, folder)):
            for name in files:
                # Beside programs also what scripts read: other scripts, presets, the manual page.
                if os.access(os.path.join(above, name), os.X_OK) or name.endswith((".sh", ".conf", ".1")):
                    copy(os.path.join(above, name))
