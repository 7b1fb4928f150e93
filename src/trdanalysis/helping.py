"""What ``--help`` tells besides the arguments: verbs by purpose, an example of each."""

from __future__ import annotations

import argparse

#: Verbs by what they are for: those that people ask by hand first, those of the workflow last.
GROUPS: dict[str, tuple[str, ...]] = {
    "a study": ("init", "simulate", "completion"),
    "before a run": ("map", "check", "freeze", "assure"),
    "after a run": ("explain", "table", "figure", "text", "notebooks", "verify", "seal"),
    "steps of the workflow, which `snakemake` calls": (
        "intake", "quality", "pool", "label", "summarise", "questions", "multiverse", "changes",
        "disclose", "publish", "describe", "remember",
    ),
}  # fmt: skip

_RESTRICTED = "results/restricted"
_STEP = f"--settings {_RESTRICTED}/settings/"
_DROPS = f"--drops {_RESTRICTED}/drops/autumn"
_POOLED = f"--pooled {_RESTRICTED}/cohort/accepted"
_ARTICLE = "config/definitions/article.yaml"
_MADE_OF = f"{_DROPS} --definitions {_ARTICLE} --policy config/disclosure/cms.yaml"

#: Examples of each verb, without the name of the program.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": ("init ../our-study",),
    "simulate": ("simulate --patients 2000 --seed 1 --out data/drops/simulated",),
    "completion": ('eval "$({prog} completion bash)"',),
    "map": (
        "map data/drops/clinic/clinic.csv",
        "map clinic.xlsx --sheet Trials --out map.yaml",
    ),
    "check": ("check autumn", "check data/drops/autumn"),
    "freeze": ("freeze", 'freeze --again "age bands as in the protocol"'),
    "assure": ("assure", f"assure {_ARTICLE}"),
    "text": ("text methods", "text results"),
    "notebooks": (
        "notebooks",
        "notebooks notebooks/05_sensitivity.ipynb --results results/demo",
    ),
    "explain": ("explain P000017", "explain P000017 --definition ema --html > page.html"),
    "table": (
        "table 2 --format docx --decimals 2",
        "table s1 --format csv html docx latex --journal middle-dot",
        "table list",
    ),
    "figure": (
        "figure headline-rates --format pdf --width-mm 85",
        "figure age --format svg --grey --out results/paper/figure-2.svg",
    ),
    "verify": ("verify results/release", "verify results/release --against older/release"),
    "seal": ("seal",),
    "intake": (f"intake --drop data/drops/autumn --out {_RESTRICTED}/drops/autumn",),
    "quality": (f"quality {_DROPS}",),
    "pool": (f"pool {_STEP}pool.json {_DROPS} --out {_RESTRICTED}/cohort/accepted",),
    "label": (f"label {_POOLED} --definitions {_ARTICLE} --out {_RESTRICTED}/cohort",),
    "summarise": (
        f"summarise {_STEP}summarise.json --cohort {_RESTRICTED}/cohort {_POOLED} {_DROPS}"
        f" --definitions {_ARTICLE} --out {_RESTRICTED}/analysis",
    ),
    "questions": (
        f"questions {_STEP}questions.json --cohort {_RESTRICTED}/cohort {_POOLED}"
        f" --definitions {_ARTICLE} --eligibility config/eligibility/esketamine-trials.yaml"
        f" --out {_RESTRICTED}/analysis",
    ),
    "multiverse": (
        f"multiverse {_STEP}multiverse.json {_POOLED} --definition {_ARTICLE}"
        f" --grid config/multiverse.yaml --out {_RESTRICTED}/analysis",
    ),
    "changes": (
        f"changes {_STEP}changes.json --cohort {_RESTRICTED}/cohort {_POOLED} {_DROPS}"
        f" --analysis {_RESTRICTED}/analysis --history {_RESTRICTED}/history --out {_RESTRICTED}",
    ),
    "disclose": (
        f"disclose {_STEP}disclose.json --analysis {_RESTRICTED}/analysis {_MADE_OF}"
        f" --out {_RESTRICTED}/disclosed",
    ),
    "publish": (f"publish --disclosed {_RESTRICTED}/disclosed --out {_RESTRICTED}/draft",),
    "describe": (
        f"describe {_STEP}describe.json {_MADE_OF} --grid config/multiverse.yaml"
        f" --out {_RESTRICTED}/draft",
    ),
    "remember": (f"remember --history {_RESTRICTED}/history",),
}

#: What stands first under `--help` of the program itself.
FIRST = ("init", "map", "check", "freeze", "explain", "verify")


def format_examples(prog: str, verb: str | None = None) -> str:
    """Write the examples of a verb, or of the program."""
    lines = [EXAMPLES[name][0] for name in FIRST] if verb is None else list(EXAMPLES.get(verb, ()))
    if verb is None:
        lines.insert(FIRST.index("explain"), "snakemake --cores 2")
    said = [
        line.replace("{prog}", prog) if line.startswith(("snakemake", "eval")) else f"{prog} {line}"
        for line in lines
    ]
    return "\n".join(("examples:" if len(said) > 1 else "example:", *(f"  {s}" for s in said)))


class ByPurpose(argparse.RawDescriptionHelpFormatter):
    """Lists verbs by purpose, and keeps the line breaks of examples."""

    def _format_action(self, action: argparse.Action) -> str:
        if not isinstance(action, argparse._SubParsersAction):
            return super()._format_action(action)
        # The choices carry their own lines of help, in the order in which they were added.
        told = {one.dest: one for one in action._get_subactions()}
        grouped = {name for names in GROUPS.values() for name in names}
        groups = {**GROUPS, "others": tuple(name for name in told if name not in grouped)}
        parts = []
        for title, names in groups.items():
            self._indent()
            self._action_max_length = max(len(name) for name in told) + self._current_indent
            lines = [super(ByPurpose, self)._format_action(told[n]) for n in names if n in told]
            self._dedent()
            if lines:
                parts.append(f"{' ' * self._current_indent}{title}:\n" + "".join(lines))
        return "\n".join(parts)
