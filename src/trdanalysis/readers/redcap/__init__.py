"""The reader ``redcap``: flat exports of REDCap, raw or with labels."""
