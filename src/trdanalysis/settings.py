"""Settings: one strict model of ``config/config.yaml``, and what each verb needs of it.

Unknown keys are errors that name the nearest known key. Each verb reads its own settings from a
small canonical file, so that a change of one setting reruns only what uses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from trdanalysis.contract import FACTORS, RECORDED_GROUPS
from trdanalysis.engine_settings import EngineSettings
from trdanalysis.errors import UserError, suggest
from trdanalysis.project import CONFIG_FILE, tool_config

RECORDED_FACTORS = tuple(factor for group in RECORDED_GROUPS for factor in FACTORS[group])

#: What models can adjust for: of the patient, of the first trial, and single recorded factors.
COVARIATES = (
    "age_years", "sex", "baseline_severity", "episode", "site", "drop_id", *RECORDED_FACTORS,
)  # fmt: skip

M = TypeVar("M", bound="StrictModel")
#: What YAML's parser raises for dates that are none and for values with a false tag.
_ODD = (ValueError, LookupError, TypeError, AttributeError)


class StrictModel(BaseModel):
    """A model that refuses unknown keys and never changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read_model(model: type[M], data: Mapping[str, Any], where: str, file: Path | None = None) -> M:
    """Validate ``data`` as ``model``; ``file`` is the YAML it was read from, to name lines of.

    Raises
    ------
    UserError
        Kind ``config``, for the first fault: an unknown key (with the nearest known one), a missing
        key, or a value outside its range.
    """
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        # A mistyped key is both unknown and missing; to say that it is unknown helps more.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        at = _written(data, first["loc"])
        path = ".".join(str(part) for part in at)
        if file is not None:
            where = f"{where}, line {_line_told(file, at, first['msg'])}"
        if first["type"] == "extra_forbidden":
            known = _known_keys(model, first["loc"][:-1])
            raise UserError(
                f"unknown key `{path}`",
                where=where,
                try_this=suggest(str(first["loc"][-1]), known),
                kind="config",
            ) from None
        if first["type"] == "missing":
            raise UserError(f"missing key `{path}`", where=where, kind="config") from None
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"`{path}` cannot be used: {message}" if path else message, where=where, kind="config"
        ) from None


def _known_keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        inner = _find_model(field.annotation)
        model = inner or model
    return list(model.model_fields)


def _find_model(annotation: Any) -> type[BaseModel] | None:
    """Give the model that a field holds: itself, as an option, or the members of a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _find_model(inner))), None)


def _written(data: Any, loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """Leave out of a fault's place what is not written: the names of a value's possible types."""
    at: list[int | str] = []
    for place, part in enumerate(loc):
        if isinstance(data, dict):
            # A missing key is named last, and is not there.
            if part not in data and place < len(loc) - 1:
                continue
            data = data.get(part)
        elif isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            continue
        at.append(part)
    return tuple(at)


def _line_told(file: Path, at: tuple[int | str, ...], message: str) -> int:
    """Give the line of a fault; of one of the file as a whole, that of the first word it names."""
    named = re.findall("`([^`]+)`", message)
    return find_line(file, named[0]) if not at and named else line_of(file, at)


def line_of(file: Path, at: tuple[int | str, ...]) -> int:
    """Give the line of a YAML file on which a key or list member stands, or what it is missing
    from.
    """
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for part in at:
        if isinstance(node, yaml.MappingNode):
            found = [pair for pair in node.value if pair[0].value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def find_line(file: Path, text: str) -> int:
    """Give the line of a YAML file on which a value stands; the first line where none does."""
    waiting = [yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode) and node.value == text:
            return int(node.start_mark.line) + 1
        if isinstance(node, yaml.MappingNode):
            waiting += [each for pair in reversed(node.value) for each in reversed(pair)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
    return 1


def resolve(model: BaseModel, path: str) -> Any:
    """Give what stands at a dotted path, such as ``resistance.0.failures.at_least``; else None."""
    found: Any = model
    for part in path.split("."):
        if isinstance(found, BaseModel):
            found = getattr(found, part, None) if part in type(found).model_fields else None
        elif isinstance(found, tuple) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        elif isinstance(found, dict):
            found = found.get(part)
        else:
            return None
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping; an empty file is an empty mapping.

    Raises
    ------
    UserError
        Kind ``config``, where the file is missing, is no YAML or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = yaml.safe_load(text)
    except FileNotFoundError:
        raise UserError("file not found", where=str(path), kind="config") from None
    except OSError as error:
        raise UserError(
            f"the file cannot be read: {error.strerror}", where=str(path), kind="config"
        ) from None
    except (yaml.YAMLError, RecursionError, *_ODD) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise UserError(
            "the file is not readable YAML", where=f"{path}{line}", kind="config"
        ) from None
    if data is None:
        return {}
    _check_no_key_twice(yaml.compose(text, Loader=yaml.SafeLoader), path)
    if not isinstance(data, dict):
        raise UserError("the file holds no `key: value` lines", where=str(path), kind="config")
    return {str(key): value for key, value in data.items()}


def _check_no_key_twice(root: yaml.Node | None, path: Path) -> None:
    """Refuse a key that stands twice in one mapping: YAML itself takes the last in silence."""
    waiting = [root]
    # An alias is the node it stands for: aliases of aliases would be walked without end.
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        if not isinstance(node, yaml.MappingNode):
            continue
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in lines:
                raise UserError(
                    f"`{key.value}` stands twice, first in line {lines[key.value]}",
                    where=f"{path}, line {line}",
                    expected="each key once",
                    kind="config",
                )
            lines[key.value] = line
            waiting.append(value)


class Settings(StrictModel, EngineSettings):
    """Every setting of a run; ``config/config.yaml`` says what each means."""

    drops: str
    results: str
    definitions: tuple[str, ...] = Field(min_length=1)
    primary_definition: str
    reference_rate: float = Field(gt=0, lt=1)
    equivalence_margin: float = Field(gt=0, lt=0.5)
    age_bands_from_years: tuple[int, ...] = Field(min_length=1)
    factor_groups: dict[str, tuple[str, ...]]
    trial_eligibility: str
    model_covariates: tuple[str, ...]
    age_spline_knots: int = Field(ge=3, le=5)
    imputations: int = Field(ge=2, le=200)
    seed: int = Field(ge=0, le=2**32 - 1)
    disclosure_policy: str
    journal: str
    draft: bool
    release_date: str | None
    release_licence: str | None = Field(min_length=1)

    @field_validator("release_date", mode="before")
    @classmethod
    def _day_of_release(cls, value: Any) -> Any:
        # YAML reads a day without quotes as a date, the command line as text.
        if isinstance(value, date):
            return f"{value:%Y-%m-%d}"
        if isinstance(value, str):
            try:
                return f"{date.fromisoformat(value):%Y-%m-%d}"
            except ValueError:
                raise ValueError("it must be a day, such as 2030-01-31, or null") from None
        return value

    @field_validator("definitions")
    @classmethod
    def _no_repeats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a definition is named twice")
        return value

    @field_validator("age_bands_from_years")
    @classmethod
    def _ascending_bands(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value[0] != 0:
            raise ValueError("the first band must start at 0, or the youngest fall in a hole")
        if any(later <= earlier for earlier, later in zip(value, value[1:], strict=False)):
            raise ValueError("bands must start at ascending ages, each once")
        if value[-1] > 90:
            raise ValueError("ages are top-coded at 90: no band can start above 90")
        if 18 not in value:
            raise ValueError("a band must start at 18: adults and under-18s are analysed apart")
        return value

    @field_validator("factor_groups")
    @classmethod
    def _each_factor_once(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        names = ", ".join(RECORDED_GROUPS)
        if set(value) != set(RECORDED_GROUPS):
            raise ValueError(f"it must hold the groups {names}; medication_related is derived")
        place: dict[str, str] = {}
        for group in RECORDED_GROUPS:
            for factor in value[group]:
                if factor not in RECORDED_FACTORS:
                    known = ", ".join(RECORDED_FACTORS)
                    raise ValueError(f"`{factor}` is no factor; the factors are {known}")
                if factor in place:
                    raise ValueError(f"`{factor}` stands in {place[factor]} and in {group}: a"
                                     " factor belongs to one group")  # fmt: skip
                place[factor] = group
        absent = [factor for factor in RECORDED_FACTORS if factor not in place]
        if absent:
            raise ValueError(f"`{absent[0]}` stands in no group: every factor belongs to one")
        return {group: value[group] for group in RECORDED_GROUPS}

    @field_validator("model_covariates")
    @classmethod
    def _covariates_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in COVARIATES:
                raise ValueError(f"`{name}` is no covariate; it must be one of "
                                 + ", ".join(COVARIATES))  # fmt: skip
        if len(set(value)) != len(value):
            raise ValueError("a covariate is named twice")
        return value

    @model_validator(mode="after")
    def _primary_is_used(self) -> Settings:
        if self.primary_definition not in self.definitions:
            raise ValueError(
                f"`primary_definition` is `{self.primary_definition}`,"
                " which `definitions` does not name"
            )
        return self


#: The settings that change what a verb makes. Where results lie and how fast they are made is not
#: among them: moving a folder or adding a core reruns nothing.
USED_BY: dict[str, tuple[str, ...]] = {
    "intake": (),
    "pool": ("age_bands_from_years", "factor_groups"),
    "label": ("definitions", "primary_definition"),
    "summarise": (
        "definitions",
        "primary_definition",
        "reference_rate",
        "equivalence_margin",
        "age_bands_from_years",
        "model_covariates",
        "age_spline_knots",
        "imputations",
        "seed",
    ),
    "questions": (
        "definitions",
        "primary_definition",
        "age_bands_from_years",
        "trial_eligibility",
    ),
    "multiverse": ("primary_definition", "reference_rate", "age_bands_from_years"),
    "changes": ("definitions", "primary_definition"),
    "remember": (),
    "quality": (),
    "publish": ("journal",),
}
USED_BY["disclose"] = (
    *USED_BY["summarise"], "factor_groups", "trial_eligibility", "disclosure_policy",
)  # fmt: skip
# The manifest tells everything that what is published was made by, and what is said of it.
USED_BY["describe"] = (*USED_BY["disclose"], "journal", "release_date", "release_licence")
# They show what the run published, and label by any definition.
USED_BY["notebooks"] = (*USED_BY["disclose"], "journal")


def read_settings(data: Mapping[str, Any], where: str = "config/config.yaml") -> Settings:
    """Validate the settings of a run; see :func:`read_model` for errors.

    A missing one is named with where to copy it from: a study made by an earlier version of the
    tool has not what a later one asks for.
    """
    for key in Settings.model_fields:
        if key not in data and set(data) <= set(Settings.model_fields):
            raise UserError(
                f"missing key `{key}`",
                where=where,
                expected="every setting, since none has a hidden default",
                try_this=f"copy it with its comment from {tool_config() / CONFIG_FILE.name}",
                kind="config",
            )
    return read_model(Settings, data, where)


def render_verb_settings(settings: Settings, folder: Path) -> dict[Path, str]:
    """Give ``<verb>.json`` in a folder for every verb: the settings it uses, in a fixed order."""
    dumped = settings.model_dump(mode="json")
    texts = {}
    for verb, keys in USED_BY.items():
        told = json.dumps({key: dumped[key] for key in keys}, indent=1, sort_keys=True)
        texts[folder / f"{verb}.json"] = f"{told}\n"
    return texts


def read_verb_settings(path: Path) -> dict[str, Any]:
    """Read what :func:`render_verb_settings` gave."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        raise UserError(
            "the settings file is missing or damaged",
            where=str(path),
            try_this="run `snakemake --cores 1`, which writes it from config/config.yaml",
            kind="config",
        ) from None
    return data
