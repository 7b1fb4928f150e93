"""What each table of a paper shows, in a few words: for lists of them."""

from __future__ import annotations

CONTENTS = {
    "1": "Characteristics of treated patients by label, with what is unknown",
    "2": "Non-response to the first trial against the reference, by age band and factor group",
    "3": "Factor groups and young age with non-response: crude and adjusted",
    "4": "Definitions of treatment-resistant depression side by side",
    "5": "Attrition: from all accepted patients and trials to those counted",
    "s1": "Sensitivity to missing outcomes",
    "s2": "Tipping points",
    "s3": "The multiverse by threshold",
    "s4": "Overall rates beside published rates",
    "s5": "What each unknown criterion costs",
    "s6": "Labels and their reasons, and how many rest on defaults",
    "s7": "Non-remission of the first trial, by age band and factor group",
    "s8": "Treatment resistance among treated patients, by age band and factor group",
    "s9": "Non-response by single factor",
    "s10": "Single factors, sites and drops: crude differences and ratios",
    "s11": "Non-response by factor group and age band",
    "s12": "Non-response by exclusive combination of factor groups",
    "s13": "Non-response by sex, site and drop",
    "s14": "Age: trends, departures and interactions",
    "s15": "Every model that was fitted, or could not be",
    "s16": "Apparent against proven resistance",
    "s17": "Episode of the first recorded trial",
    "s18": "Several trials of a patient: how alike they are",
    "s19": "Share with a second failure by day",
    "s20": "Agreement of every two definitions",
    "s21": "Records: what became of every row that was delivered",
    "s22": "The two primary estimands by their attributes",
    "s23": "Patients by grade of resistance",
}
