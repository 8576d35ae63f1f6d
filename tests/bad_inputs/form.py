"""The form of every error message: what must hold, what was given, and what to write instead."""

from __future__ import annotations

import re

# The verbs that advice begins with.
VERB = re.compile(
    r"\b(add|ask|assign|bring|build|call|check|choose|code|compose|compute|copy|correct|cut|delete"
    r"|download|draw|encode|end|fill|fit|flatten|free|give|increase|install|leave|lower|make"
    r"|merge|move|name|open|pass"
    r"|polish|put|raise|remove|rename|repair|replace|reshape|run|save|say|select|set|shift"
    r"|split|start"
    r"|take|train|try|upgrade|use|write)\b"
)
# Requests for memory say how much they need.
GIVEN = re.compile(r"\bGot |fit into memory\. It (needs|takes) ")
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z`'(])")


def faults(message: str) -> list[str]:
    """What the message lacks; empty where it has the form."""
    found = []
    if " must " not in message:
        found.append("it does not say what must hold")
    if not GIVEN.search(message):
        found.append("it does not say what was given")
    if "Traceback" in message or "pydantic" in message:
        found.append("it shows what is inside")
    if not advises(message):
        found.append("it does not end with what to do")
    return found


def advises(message: str) -> bool:
    """Whether a line's last sentence is advice, or a list of what is known."""
    return all(map(_advises, message.strip().splitlines()))


def _advises(line: str) -> bool:
    last = SENTENCE.split(line.strip())[-1]
    if last.startswith("Known: "):
        return True
    return VERB.search(last.lower()) is not None
