"""A paper's figures: what each shows of the result tables, its files and its caption."""
