# Needs: the files of a drop, the reference tables of drugs and scales; for an increment, the drops
#        before it.
# Makes: accepted rows, findings, quarantine and balance per drop; the pooled cohort.


rule intake:
    message:
        "Taking in drop {wildcards.drop}"
    input:
        files=lambda wildcards: plan.drop_inputs(wildcards.drop),
        earlier=lambda wildcards: plan.intake_of(plan.earlier_drops(wildcards.drop)),
        uses=plan.uses("intake"),
    output:
        [f"{R}/drops/{{drop}}/{name}" for name in layout.DROP_FILES],
    params:
        drop=lambda wildcards: plan.drops_folder / wildcards.drop,
        earlier=lambda wildcards: [f"{R}/drops/{name}" for name in plan.earlier_drops(wildcards.drop)],
        out=subpath(output[0], parent=True),
    log:
        f"{R}/logs/intake/{{drop}}.log",
    benchmark:
        f"{R}/benchmarks/intake/{{drop}}.tsv"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.settings.memory_limit_mb,
    conda:
        plan.environment
    shell:
        "python -m trdanalysis intake --drop {params.drop:q} --earlier {params.earlier:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --threads {threads} --memory-limit-mb {resources.mem_mb}"


rule pool:
    message:
        "Pooling the accepted rows of all drops"
    input:
        plan.intake_of(),
        uses=plan.uses("pool"),
    output:
        [f"{R}/cohort/accepted/{name}.parquet" for name in layout.POOLED],
    params:
        settings=f"{R}/settings/pool.json",
        drops=[f"{R}/drops/{name}" for name in plan.drops],
        out=subpath(output[0], parent=True),
    log:
        f"{R}/logs/pool.log",
    benchmark:
        f"{R}/benchmarks/pool.tsv"
    threads: plan.settings.threads
    resources:
        mem_mb=plan.settings.memory_limit_mb,
    conda:
        plan.environment
    shell:
        "python -m trdanalysis pool --settings {params.settings:q} --drops {params.drops:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"
        " --threads {threads} --memory-limit-mb {resources.mem_mb}"
