# The map of a run: drops -> accepted rows -> cohort -> labels -> result tables -> report.
#   snakemake --cores 2 [--config drops=DIR results=DIR]
#
# What is decided, trdanalysis.plan decides; a rule calls one verb: `python -m trdanalysis <rule>`.
import sys

from snakemake.exceptions import WorkflowError

from trdanalysis import layout
from trdanalysis.errors import UserError
from trdanalysis.plan import Plan


configfile: "config/config.yaml"


try:
    plan = Plan(config)
    plan.look(workflow.is_main_process)
except UserError as error:
    raise WorkflowError(str(error)) from None

R = str(plan.restricted)
PYTHON = sys.executable  # a run needs no activated environment
REFERENCE, SPILL = plan.reference, plan.spill_options


include: "workflow/around.smk"
include: "workflow/rules/intake.smk"
include: "workflow/rules/label.smk"
include: "workflow/rules/summarise.smk"
include: "workflow/rules/publish.smk"


rule all:
    default_target: True
    input:
        rules.quality.output,
        rules.describe.output,
        rules.remember.output,
