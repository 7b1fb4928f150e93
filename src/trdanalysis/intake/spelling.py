"""Spellings of drugs that say no more than the drug's name: accents, salts, strengths, forms.

The key that the data contract fixes is in :mod:`trdanalysis.intake.names`. The plain key here is a
second, wider one, tried only where the first finds nothing. Both are keys, not likenesses: after
them a name is the same word or it is not.

Words of a route (patch, nasal, IV, cream) are kept: they can tell one treatment from another.
"""

from __future__ import annotations

import re
import unicodedata

import ibis
import ibis.expr.types as ir

#: Words of release and salt that may end a drug's name; the data contract fixes these.
RELEASE_AND_SALT_WORDS = (
    "xr", "xl", "sr", "er", "cr", "ir", "dr", "hcl", "hydrochloride", "hydrobromide", "oxalate",
    "mesylate", "maleate", "succinate", "tartrate",
)  # fmt: skip
#: Further salts, forms and words of use; they may end a name, the forms also begin it.
SALT_WORDS = (
    "hbr", "hydrochlorid", "chloride", "bromide", "mesilate", "dimesylate", "dimesilate",
    "besylate", "besilate", "tosylate", "fumarate", "hemifumarate", "citrate", "carbonate",
    "sulfate", "sulphate", "phosphate", "acetate", "malate", "pamoate", "embonate", "decanoate",
    "palmitate", "lactate", "nitrate", "sodium", "disodium", "semisodium", "potassium", "anhydrous",
    "hemihydrate", "monohydrate", "dihydrate", "trihydrate",
)  # fmt: skip
FORM_WORDS = (
    "tab", "tabs", "tablet", "tablets", "caplet", "caplets", "cap", "caps", "capsule", "capsules",
    "pill", "pills",
)  # fmt: skip
USE_WORDS = (
    "oral", "orally", "po", "solution", "liquid", "syrup", "suspension", "drops", "film",
    "coated", "enteric", "gastro", "resistant", "ec", "modified", "prolonged", "extended",
    "sustained", "controlled", "immediate", "delayed", "slow", "releases?", "retard", "mr", "pr",
    "la", "odt", "orodispersible", "disintegrating", "dispersible", "soluble", "depot", "generic",
    "once", "twice", "daily", "a", "per", "day", "od", "bd", "bid", "tds", "tid", "qd", "qds",
    "qid", "qhs", "nocte", "mane", "at", "night", "am", "pm", "in", "the", "morning",
)  # fmt: skip

_ACCENTED = "àáâãäåāăąçćčďèéêëēėęěìíîïīįłñńňòóôõöøōőŕřśšťùúûüūůűýÿźżž"
_WITHOUT = "aaaaaaaaacccdeeeeeeeeiiiiiilnnnoooooooorrsstuuuuuuuyyzzz"
_COMBINING = "[\u0300-\u036f]"
_DROPPED = r"[®™©'’‘`´\"“”*]"
_BRACKETS = r"\([^)]*\)|\[[^\]]*\]"
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_UNIT = r"(?:mg|mcg|µg|μg|ug|micrograms?|milligrams?|g|ml|l|iu|meq|mmol|%)"
_PER = r"(?:\s*/\s*(?:[0-9]+(?:[.,][0-9]+)?\s*)?(?:ml|l|h|hr|hour|day|d|tab|tablet|cap|capsule))?"
_STRENGTH = rf"(?:[0-9]+\s*x\s*)?{_NUMBER}\s*{_UNIT}{_PER}([^a-z0-9]|$)"
_SEPARATORS = r"[\s.\-_,;:]+"
_EDGES = rf"^{_SEPARATORS}|{_SEPARATORS}$"
_LEADING = rf"^(?:(?:{'|'.join(FORM_WORDS)}|(?:12|24) ?h(?:r|rs|our|ours)?){_SEPARATORS})+"
_ENDINGS = "|".join(dict.fromkeys((*RELEASE_AND_SALT_WORDS, *SALT_WORDS, *FORM_WORDS, *USE_WORDS)))
#: A bare number of up to four digits is a strength without its unit; a longer one is a code.
_TRAILING = rf"(?:{_SEPARATORS}(?:{_ENDINGS}|[0-9]{{1,4}}))+$"
_RXNORM = r"^(?:rxnorm|rxcui)[\s:#=.\-_]*([0-9]{1,8})$"
_ATC_TOLD = r"^atc[\s:#=.\-_]*([a-z][0-9]{2}[a-z]{2}[0-9]{2})$"


def rxnorm_key(code: str) -> str:
    """Give the key of an ingredient's RxNorm code; a bare number is never taken for one."""
    return f"rxcui{code.strip()}"


def derive_plain_key(text: ir.StringValue) -> ir.StringValue:
    """Write a drug's name without accents, brackets, salts, strengths, forms and words of use.

    ``RxNorm:36437`` (also ``RXCUI``) gives its :func:`rxnorm_key`, ``ATC: N06AB06`` the code. A
    name of two drugs (``a + b``, ``a/b``) keeps its sign, and so is no known name.
    """
    low = text.lower().re_replace(_COMBINING, "").translate(_ACCENTED, _WITHOUT).strip()
    plain = low.replace("ß", "ss").replace("æ", "ae").replace("œ", "oe")
    for pattern, by in _STEPS:
        plain = plain.re_replace(pattern, by)
    return ibis.cases(
        (low.re_search(_RXNORM), ibis.literal("rxcui") + low.re_extract(_RXNORM, 1)),
        (low.re_search(_ATC_TOLD), low.re_extract(_ATC_TOLD, 1)),
        else_=plain.re_replace(_SEPARATORS, ""),
    )


_STEPS = (
    ("_", " "),
    (_DROPPED, ""),
    (_BRACKETS, " "),
    (_STRENGTH, r" \1"),
    (_EDGES, ""),
    (_LEADING, ""),
    (_TRAILING, ""),
)


def plain_words(text: str) -> list[str]:
    """Give the words that :func:`derive_plain_key` puts together, for one text."""
    low = re.sub(_COMBINING, "", unicodedata.normalize("NFD", text.lower())).strip()
    low = low.translate(str.maketrans(_ACCENTED, _WITHOUT))
    plain = low.replace("ß", "ss").replace("æ", "ae").replace("œ", "oe")
    for pattern, by in _STEPS:
        plain = re.sub(pattern, by, plain)
    return [word for word in re.split(_SEPARATORS, plain) if word]


def plain_key(text: str) -> str:
    """Give what :func:`derive_plain_key` gives, for one text."""
    low = text.lower().strip()
    for pattern, prefix in ((_RXNORM, "rxcui"), (_ATC_TOLD, "")):
        if found := re.search(pattern, low):
            return prefix + found.group(1)
    return "".join(plain_words(text))


def show_controls(text: str) -> str:
    """Write control characters as ``\\x1b``: a list of spellings is opened in terminals."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
