# Needs: the result tables, the definitions, the site's disclosure policy; the commit of the code.
# Makes: what passes disclosure control; of that the published tables and the report, in release/
#        where the policy allows it, else in restricted/draft/; beside them what says where they come
#        from. Then keeps what the next run is compared with.
#        On request (`snakemake --cores 2 notebooks`): the notebooks as pages; they may show patients and
#        stay in restricted/.


rule disclose:
    input:
        rules.summarise.output,
        rules.questions.output,
        rules.multiverse.output,
        rules.changes.output,
        plan.intake_of(),
        plan.sealed_files,
        uses=plan.uses("disclose"),
    output:
        [f"{R}/disclosed/{name}" for name in layout.DISCLOSED_FILES],
    log:
        f"{R}/logs/disclose.log",
    benchmark:
        f"{R}/benchmarks/disclose.tsv"
    conda:
        "../../environment.yml"
    params:
        content=plan.content_of("disclose", *plan.sealed_files),
        settings=f"{R}/settings/disclose.json",
        analysis=f"{R}/analysis",
        drops=[f"{R}/drops/{name}" for name in plan.drops],
        definitions=plan.definition_files,
        policy=plan.policy_file,
        frozen=plan.frozen_file,
        environment=plan.environment_file,
        sealed=plan.sealed,
        out=subpath(output[0], parent=True),
    message:
        "Controlling what may be disclosed"
    shell:
        "{PYTHON:q} -m trdanalysis disclose --settings {params.settings:q} --analysis {params.analysis:q}"
        " --drops {params.drops:q} --definitions {params.definitions:q} --policy {params.policy:q}"
        " --frozen {params.frozen:q} --sealed {params.sealed:q}"
        " --environment {params.environment:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"


rule publish:
    input:
        rules.disclose.output,
        uses=plan.uses("publish"),
    output:
        [f"{plan.published}/{name}" for name in layout.PUBLISHED_FILES],
        about=f"{R}/{layout.ABOUT_PUBLISHED}",
    log:
        f"{R}/logs/publish.log",
    benchmark:
        f"{R}/benchmarks/publish.tsv"
    conda:
        "../../environment.yml"
    params:
        content=plan.content_of("publish"),
        disclosed=subpath(input[0], parent=True),
        journal=plan.journal_file,
        out=plan.published,
    message:
        "Publishing to {params.out}"
    shell:
        "{PYTHON:q} -m trdanalysis publish --disclosed {params.disclosed:q} --about {output.about:q}"
        " --journal {params.journal:q} --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"


rule describe:
    input:
        rules.publish.output,
        plan.intake_of(),
        uses=plan.uses("describe"),
    output:
        [f"{plan.published}/{name}" for name in layout.PROVENANCE_FILES],
    log:
        f"{R}/logs/describe.log",
    benchmark:
        f"{R}/benchmarks/describe.tsv"
    conda:
        "../../environment.yml"
    params:
        content=plan.content_of("describe"),
        settings=f"{R}/settings/describe.json",
        drops=[f"{R}/drops/{name}" for name in plan.drops],
        definitions=plan.definition_files,
        policy=plan.policy_file,
        grid=plan.grid_file,
        frozen=plan.frozen_file,
        checkout=plan.checkout_file,
        environment=plan.environment_file,
        out=plan.published,
    message:
        "Describing what is in {params.out}"
    shell:
        "{PYTHON:q} -m trdanalysis describe --settings {params.settings:q} --drops {params.drops:q}"
        " --definitions {params.definitions:q} --policy {params.policy:q} --grid {params.grid:q}"
        " --frozen {params.frozen:q} --checkout {params.checkout:q}"
        " --environment {params.environment:q}"
        " --reference {REFERENCE:q} --out {params.out:q} --log {log:q}"


rule remember:
    input:
        rules.publish.output,
        rules.changes.output,
        withdrawn=plan.withdrawn_file,
        uses=plan.uses("remember"),
    output:
        f"{R}/history/remembered.json",
    log:
        f"{R}/logs/remember.log",
    benchmark:
        f"{R}/benchmarks/remember.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    params:
        content=plan.content_of("remember"),
        history=subpath(output[0], parent=True),
    message:
        "Keeping what the next run is compared with"
    shell:
        "{PYTHON:q} -m trdanalysis remember --history {params.history:q} --log {log:q}"


rule notebooks:
    input:
        rules.describe.output,
        rules.remember.output,
        notebooks=plan.notebooks,
        uses=plan.uses("notebooks"),
    output:
        plan.notebook_pages,
    log:
        f"{R}/logs/notebooks.log",
    benchmark:
        f"{R}/benchmarks/notebooks.tsv"
    conda:
        "../../environment.yml"
    params:
        content=plan.content_of("notebooks", *map(str, plan.notebooks)),
        results=plan.results,
    message:
        "Running the notebooks"
    shell:
        "{PYTHON:q} -m trdanalysis notebooks {input.notebooks:q} --results {params.results:q}"
        " --log {log:q}"
