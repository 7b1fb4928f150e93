# Needs: the labelled cohort, the balance of rows per drop, published rates.
# Makes: rates against the reference, benchmarks, attrition, label counts; all restricted.


rule summarise:
    input:
        rules.label.output,
        rules.pool.output,
        plan.intake_of(),
        uses=plan.uses("summarise"),
    output:
        [f"{R}/analysis/{name}.parquet" for name in layout.ANALYSIS_TABLES],
    log:
        f"{R}/logs/summarise.log",
    benchmark:
        f"{R}/benchmarks/summarise.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.settings.memory_limit_mb,
    params:
        settings=f"{R}/settings/summarise.json",
        cohort=f"{R}/cohort",
        pooled=f"{R}/cohort/accepted",
        drops=[f"{R}/drops/{name}" for name in plan.drops],
        definitions=plan.definition_files,
        out=subpath(output[0], parent=True),
    message:
        "Estimating rates against the reference"
    shell:
        "{PYTHON:q} -m trdanalysis summarise --settings {params.settings:q} --cohort {params.cohort:q}"
        " --pooled {params.pooled:q} --drops {params.drops:q} --definitions {params.definitions:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --threads {threads} --memory-limit-mb {resources.mem_mb}"
