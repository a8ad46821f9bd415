#!/bin/sh
# Makes a virtual environment with the Python packages that bench/ compares
# with, unless it is there, and prints the path of an interpreter that has them.
# What cannot be installed is named on standard error and left out. Only when no
# environment can be made at all is the given interpreter printed.
#
# Usage: environment.sh PYTHON FOLDER
set -u
python=$1
folder=$2
wanted=$(dirname "$0")/requirements.txt

say() { echo "bench: $*" >&2; }

install() { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary --retries 1 --timeout 15 "$@" >&2; }

# Each package alone, so that one that is missing does not keep out the others.
install_each() {
	sed 's/[[:space:]]*#.*//; /^$/d' "$wanted" | while read -r package; do
		install "$package" </dev/null 2>/dev/null || say "missing: $package; what needs it is left out"
	done
}

if ! command -v "$python" >/dev/null; then
	say "$python is missing: install Python 3.9 or newer; everything in Python is left out"
	echo "$python"
	exit 0
fi
if ! [ -x "$folder/bin/python" ] && ! "$python" -m venv "$folder" >&2; then
	say "no virtual environment (Debian: apt-get install python3-venv); the packages that $python has take part"
	rm -rf "$folder"
	echo "$python"
	exit 0
fi
if ! cmp -s "$wanted" "$folder/installed.txt"; then
	say "installing what is compared with into $folder (remove it when you like)"
	if install --requirement "$wanted"; then
		cp "$wanted" "$folder/installed.txt"
	else
		say "not everything can be installed: trying each package"
		install_each
	fi
fi
echo "$folder/bin/python"
