"""The reader ``omop``: tables of an OMOP common data model become the contract's tables."""
