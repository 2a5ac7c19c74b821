"""The programs that docs/for-authlete.md shows, run as somebody pastes them: each registers a client of the demo service.
Takes the path of the server's demo.json, prints one line per program and exits with 1 if one failed.
"""

import json
import pathlib
import re
import subprocess
import sys

from checks import checking, equal, finish, true

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "for-authlete.md"
RUN = {"js": ["node", "--input-type=module", "--eval"], "python": [sys.executable, "-c"]}

programs = re.findall(r"^```(js|python)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)

for language, command in RUN.items():
    with checking(f"{DOCUMENT.name} in {language}"):
        [program] = [text for name, text in programs if name == language]
        true(".registrar/demo.json" in program, "it does not read the demo service's tokens")
        program = program.replace(".registrar/demo.json", str(pathlib.Path(sys.argv[1]).resolve()))
        output = subprocess.run([*command, program], cwd=HERE, capture_output=True, text=True, timeout=60)
        equal(output.returncode, 0, f"the status of {output.stderr!r}")
        action, content = output.stdout.split(" ", 1)
        equal(action, "CREATED", "the action")
        true(json.loads(content).get("client_id"), "there is no client_id")

finish()
