# Needs: the pooled cohort, the definitions, the reference tables of drugs and scales.
# Makes: a verdict per trial, a label with its reason per patient and definition.


rule label:
    input:
        rules.pool.output,
        uses=plan.uses("label"),
    output:
        [f"{R}/cohort/{name}" for name in layout.COHORT_FILES],
    log:
        f"{R}/logs/label.log",
    benchmark:
        f"{R}/benchmarks/label.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("label"),
        engine=plan.engine_file,
        pooled=subpath(input[0], parent=True),
        definitions=plan.definition_files,
        out=subpath(output[0], parent=True),
    message:
        "Judging trials and labelling patients"
    shell:
        "{PYTHON:q} -m trdanalysis label --pooled {params.pooled:q} --definitions {params.definitions:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --engine {params.engine:q} --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"
