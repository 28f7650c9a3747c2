"""The closed set of names that may follow ``` and become `language-*` on the page.

Pygments' aliases and a few that people write and Pygments lacks. A name outside the set gives plain code without
a label, so that the model can never choose a class of the page.
"""

from __future__ import annotations

import re

from pygments.lexers import get_all_lexers

_PLAIN = {"text", "txt", "plain", "plaintext", "mermaid", "csv", "tsv", "log", "prompt", "math", "svg", "jsonc"}
_NAME = re.compile(r"[a-z0-9+#._-]{1,32}")

# What we colour. Pygments has lexers that need minutes for a few thousand letters (235 s for 3,000 "a" as lilypond),
# so each name here has been tried with hostile input (tests/unit/test_highlight.py); the others get their label only.
_TRIED = """
    ada apl arduino asm awk bash bat bibtex c c# c++ clojure cmake cobol coffeescript console cpp cs csharp css
    cuda cypher d dart delphi diff django docker dockerfile elixir elm emacs-lisp erb erlang f# fish forth
    fortran fsharp gdscript gherkin glsl go golang graphql groovy haml handlebars haskell haxe hcl hlsl hs html
    html+jinja http ini java javascript jinja jl js json json5 jsonnet jsx julia kotlin latex less lisp llvm lua
    make makefile markdown matlab md mysql nasm nginx nim nix objective-c objectivec ocaml octave pascal perl
    php pl pony postgres postgresql powershell prolog promql proto protobuf ps1 psql puppet pwsh py py3 pycon
    pytb python python3 qml r racket raku rb reasonml rego robotframework rs rst ruby rust sas sass scala scheme
    scss sh shell shell-session smalltalk solidity sparql sql sqlite3 stata swift systemverilog tcl terraform
    tex tf toml ts tsql tsx twig typescript typst v vb.net verilog vhdl vim vue wast xml xquery xslt yaml yml
    zig zsh
"""
COLOURED = frozenset(_TRIED.split())
LANGUAGES = frozenset(
    {alias for _, aliases, _, _ in get_all_lexers() for alias in aliases if _NAME.fullmatch(alias)} | _PLAIN
)


def language_of(info: str) -> str:
    """Return the language of a fence's info string, or "" if it names none that we know."""
    words = info.split(None, 1)
    name = words[0].lower().strip("{}.") if words else ""
    return name if name in LANGUAGES else ""
