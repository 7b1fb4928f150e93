# Needs: the labelled cohort, the balance of rows per drop, published rates; the pooled cohort, the grid.
# Makes: rates against the reference, benchmarks, attrition, label counts; answers to what is asked
#        beside the label; the multiverse; what changed
#        since the last completed run, which is looked up in history/ and is no input: a run that ends
#        replaces it, and must not outdate itself. All restricted.


rule summarise:
    input:
        rules.label.output,
        rules.pool.output,
        plan.intake_of(),
        uses=plan.uses("summarise"),
    output:
        [f"{R}/analysis/{name}.parquet" for name in layout.SUMMARY_TABLES],
    log:
        f"{R}/logs/summarise.log",
    benchmark:
        f"{R}/benchmarks/summarise.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("summarise"),
        engine=plan.engine_file,
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
        " --engine {params.engine:q} --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"


rule questions:
    input:
        rules.label.output,
        rules.pool.output,
        uses=plan.uses("questions"),
    output:
        [f"{R}/analysis/{name}.parquet" for name in layout.QUESTION_TABLES],
    log:
        f"{R}/logs/questions.log",
    benchmark:
        f"{R}/benchmarks/questions.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("questions"),
        engine=plan.engine_file,
        settings=f"{R}/settings/questions.json",
        cohort=f"{R}/cohort",
        pooled=f"{R}/cohort/accepted",
        definitions=plan.definition_files,
        eligibility=plan.eligibility_file,
        out=subpath(output[0], parent=True),
    message:
        "Answering what is asked beside the label"
    shell:
        "{PYTHON:q} -m trdanalysis questions --settings {params.settings:q} --cohort {params.cohort:q}"
        " --pooled {params.pooled:q} --definitions {params.definitions:q}"
        " --eligibility {params.eligibility:q} --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --engine {params.engine:q} --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"


rule multiverse:
    input:
        rules.pool.output,
        uses=plan.uses("multiverse"),
    output:
        f"{R}/analysis/{layout.MULTIVERSE}.parquet",
    log:
        f"{R}/logs/multiverse.log",
    benchmark:
        f"{R}/benchmarks/multiverse.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("multiverse"),
        engine=plan.engine_file,
        settings=f"{R}/settings/multiverse.json",
        pooled=f"{R}/cohort/accepted",
        definition=plan.definition_files[0],
        grid=plan.grid_file,
        out=f"{R}/analysis",
    message:
        "Estimating every cell of the multiverse"
    shell:
        "{PYTHON:q} -m trdanalysis multiverse --settings {params.settings:q} --pooled {params.pooled:q}"
        " --definition {params.definition:q} --grid {params.grid:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --engine {params.engine:q} --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"


rule changes:
    input:
        rules.label.output,
        rules.pool.output,
        rules.summarise.output,
        plan.intake_of(),
        uses=plan.uses("changes"),
    output:
        f"{R}/{layout.CHANGES}",
        [f"{R}/history/pending/{name}" for name in layout.REMEMBERED],
        [f"{R}/analysis/{name}.parquet" for name in layout.CHANGE_TABLES],
    log:
        f"{R}/logs/changes.log",
    benchmark:
        f"{R}/benchmarks/changes.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("changes"),
        engine=plan.engine_file,
        settings=f"{R}/settings/changes.json",
        cohort=f"{R}/cohort",
        pooled=f"{R}/cohort/accepted",
        drops=[f"{R}/drops/{name}" for name in plan.drops],
        analysis=f"{R}/analysis",
        history=f"{R}/history",
        out=subpath(output[0], parent=True),
    message:
        "Comparing with the last completed run"
    shell:
        "{PYTHON:q} -m trdanalysis changes --settings {params.settings:q} --cohort {params.cohort:q}"
        " --pooled {params.pooled:q} --drops {params.drops:q} --analysis {params.analysis:q}"
        " --history {params.history:q} --out {params.out:q} --log {log:q}"
        " --engine {params.engine:q} --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"
