# Needs: the files of a drop, the reference tables of drugs and scales; for an increment, the drops
#        before it.
# Makes: accepted rows, findings, quarantine and balance per drop; the pooled cohort, and what became
#        of each drop's rows in it.


rule intake:
    input:
        files=lambda wildcards: plan.drop_inputs(wildcards.drop),
        delivery=lambda wildcards: plan.delivery_of(wildcards.drop),
        earlier=lambda wildcards: plan.intake_of(plan.earlier_drops(wildcards.drop)),
        uses=plan.uses("intake"),
    output:
        [f"{R}/drops/{{drop}}/{name}" for name in layout.DROP_FILES],
    log:
        f"{R}/logs/intake/{{drop}}.log",
    benchmark:
        f"{R}/benchmarks/intake/{{drop}}.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=lambda wildcards: plan.content_of("intake", plan.delivery_of(wildcards.drop)),
        drop=lambda wildcards: plan.drops_folder / wildcards.drop,
        earlier=lambda wildcards: [
            f"{R}/drops/{name}" for name in plan.earlier_drops(wildcards.drop)
        ],
        out=subpath(output[0], parent=True),
    message:
        "Taking in drop {wildcards.drop}"
    shell:
        "{PYTHON:q} -m trdanalysis intake --drop {params.drop:q} --earlier {params.earlier:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"


rule quality:
    input:
        plan.intake_of(),
        uses=plan.uses("quality"),
    output:
        [f"{R}/drops/{name}/{layout.QUALITY_PAGE}" for name in plan.drops],
        touch(f"{R}/logs/quality.done"),
    log:
        f"{R}/logs/quality.log",
    benchmark:
        f"{R}/benchmarks/quality.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("quality"),
        drops=[f"{R}/drops/{name}" for name in plan.drops],
    message:
        "Writing a page on the quality of each drop"
    shell:
        "{PYTHON:q} -m trdanalysis quality --drops {params.drops:q} --log {log:q}"
        " --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"


rule pool:
    input:
        plan.intake_of(),
        uses=plan.uses("pool"),
    output:
        [f"{R}/cohort/accepted/{name}.parquet" for name in layout.POOLED],
        f"{R}/cohort/accepted/{layout.POOLING}",
    log:
        f"{R}/logs/pool.log",
    benchmark:
        f"{R}/benchmarks/pool.tsv"
    conda:
        "../../environment.yml"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.job_memory_mb,
        limit_mb=plan.settings.memory_limit_mb,
    params:
        content=plan.content_of("pool"),
        engine=plan.engine_file,
        settings=f"{R}/settings/pool.json",
        drops=[f"{R}/drops/{name}" for name in plan.drops],
        out=subpath(output[0], parent=True),
    message:
        "Pooling the accepted rows of all drops"
    shell:
        "{PYTHON:q} -m trdanalysis pool --settings {params.settings:q} --drops {params.drops:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --engine {params.engine:q} --threads {threads} --memory-limit-mb {resources.limit_mb} {SPILL}"
