"""Records of studies in several files: SDTM domains and NIMH Data Archive structures."""
