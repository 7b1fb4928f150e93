# Around the rules: the beginning of a run, and what the console says at its end.
# Imports stand in the handlers: only a run that ends needs what they load.


onstart:
    plan.begin(WorkflowError)  # one run at a time; nothing stays of withdrawn drops


onsuccess:
    from trdanalysis.closing import close_run

    close_run(plan)


onerror:
    from trdanalysis.closing import explain_failure

    explain_failure(log)
