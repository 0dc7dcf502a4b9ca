# Shared by packaging/run and packaging/test: Python, the system libraries, the environment.
# Source it; it defines functions and `root` and `venv`, and does nothing by itself.
# SHELLSIGHT_VENV names another folder for the virtual environment (default: .venv).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${SHELLSIGHT_VENV:-$root/.venv}

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# Run a command as root if that needs no password; 1 if it does.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# Install Debian packages, or leave with the command that does.
install_packages() {
    local command="apt-get install --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        die "Missing on this system: what Debian calls $*. Install them and try again."
    fi
    if ! as_root true; then
        die "Missing system packages. Install them, then try again:" "" \
            "    sudo apt-get update && sudo $command"
    fi
    say "Installing system packages: $*"
    as_root apt-get update -qq >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Each argument is LIBRARY=PACKAGE; install the packages whose library the loader does not know.
need_libraries() {
    local known missing=() pair
    known=$(PATH="$PATH:/sbin:/usr/sbin" ldconfig -p) || return 0
    for pair in "$@"; do
        case $known in
            *"${pair%%=*} "*) ;;
            *) missing+=("${pair#*=}") ;;
        esac
    done
    [ "${#missing[@]}" -eq 0 ] || install_packages "${missing[@]}"
}

need_drawing_libraries() {
    need_libraries libGL.so.1=libgl1 libEGL.so.1=libegl1 libglib-2.0.so.0=libglib2.0-0 \
        libdbus-1.so.3=libdbus-1-3 libfontconfig.so.1=libfontconfig1 \
        libxkbcommon.so.0=libxkbcommon0
}

need_window_libraries() {
    need_libraries libxcb-cursor.so.0=libxcb-cursor0 libxcb-icccm.so.4=libxcb-icccm4 \
        libxcb-keysyms.so.1=libxcb-keysyms1 libxcb-shape.so.0=libxcb-shape0 \
        libxkbcommon-x11.so.0=libxkbcommon-x11-0
}

# Print a Python that is new enough.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11 python; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    die "Shellsight needs Python 3.11 or newer, and there is none." \
        "On Debian 12: sudo apt-get install python3 python3-venv"
}

make_environment() {
    # An environment whose making was interrupted has Python, but no pip: make it anew.
    if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        return
    fi
    # Never empty a folder that is not an environment.
    if [ -e "$venv" ] && [ ! -e "$venv/pyvenv.cfg" ] && [ -n "$(ls -A "$venv")" ]; then
        die "$venv is no virtual environment and not empty; set SHELLSIGHT_VENV to another folder."
    fi
    local python package
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        install_packages "$package"
    fi
    say "Making a virtual environment in $venv"
    "$python" -m venv --clear "$venv"
}

# Install Shellsight with an extra (app or dev), unless that has been done for this pyproject.toml.
install_shellsight() {
    local extra=$1 stamp="$venv/shellsight-$1.stamp" wanted
    make_environment
    wanted=$(printf '%s\n' "$root" | cat - "$root/pyproject.toml" | sha256sum)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    say "Installing Shellsight and what it needs; the first time takes a few minutes."
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check install)
    [ -t 2 ] || pip+=(--quiet)
    # PyTorch first: resolved together with the rest, pip may fetch several builds of it.
    "${pip[@]}" "$(sed -n 's/^ *"\(torch==[^"]*\)",$/\1/p' "$root/pyproject.toml")" >&2
    "${pip[@]}" --editable "$root[$extra]" >&2
    printf '%s\n' "$wanted" >"$stamp"
}
