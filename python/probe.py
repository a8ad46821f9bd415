# Prints facts about this interpreter as JSON. Runs on Python 2.7 and newer.
import json
import platform
import sys

print(
    json.dumps(
        {
            "implementation": platform.python_implementation().lower(),
            "version": platform.python_version(),
            "numbers": sys.version_info[:2],
            "free_threaded": not getattr(sys, "_is_gil_enabled", lambda: True)(),
            "executable": sys.executable,
            "prefix": sys.prefix,
        }
    )
)
