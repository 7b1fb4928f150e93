# Several trials a patient: the survey package's one-stage cluster design, ANOVA correlation (aov).

source("common.R")

suppressPackageStartupMessages(library(survey))

# Every trial counts once; the variance is between patients, times G / (G - 1).
rate_of <- function(table) {
  design <- svydesign(ids = ~patient, weights = ~1, data = table)
  ratio <- svyratio(~events, ~trials, design)
  list(
    table = table, rate = coef(ratio)[[1]], se = SE(ratio)[[1]], df = degf(design),
    n_patients = nrow(table), n_trials = sum(table$trials)
  )
}

limits_of <- function(one, level) {
  tail <- (1 - level) / 2
  if (one$se > 0) {
    logit_se <- one$se / (one$rate * (1 - one$rate))
    return(plogis(qlogis(one$rate) + c(-1, 1) * qt(1 - tail, one$df) * logit_se))
  }
  # Every patient has the same share: as many patients, each with or without.
  events <- one$rate * one$n_patients
  c(
    qbeta(tail, events, one$n_patients - events + 1),
    qbeta(1 - tail, events + 1, one$n_patients - events)
  )
}

rows_of <- function(table) {
  data.frame(
    patient = rep(table$patient, table$trials),
    y = unlist(Map(function(m, e) rep(c(1, 0), c(e, m - e)), table$trials, table$events))
  )
}

check_against_survey <- function(one) {
  # Other ways to the same numbers: from rows, and the package's own logit interval (which has no
  # degrees of freedom left for two patients).
  design <- svydesign(ids = ~patient, weights = ~1, data = rows_of(one$table))
  stopifnot(isTRUE(all.equal(SE(svymean(~y, design))[[1]], one$se)))
  if (one$n_patients > 2 && one$se > 0) {
    given <- as.vector(attr(svyciprop(~y, design, method = "logit", level = 0.95), "ci"))
    stopifnot(isTRUE(all.equal(given, limits_of(one, 0.95), tolerance = 1e-6)))
  }
}

correlation_of <- function(one) {
  if (one$n_trials == one$n_patients || one$rate %in% c(0, 1)) {
    return(NA)
  }
  squares <- summary(aov(y ~ factor(patient), rows_of(one$table)))[[1]][["Mean Sq"]]
  n0 <- (one$n_trials - sum(one$table$trials^2) / one$n_trials) / (one$n_patients - 1)
  (squares[1] - squares[2]) / (squares[1] + (n0 - 1) * squares[2])
}

rates <- lapply(cases_of(read_input("clusters")), rate_of)
for (case in names(rates)) {
  one <- rates[[case]]
  check_against_survey(one)
  inside <- one$rate > 0 && one$rate < 1
  keep(case, list(
    rate = one$rate, se = one$se,
    ci_low = limits_of(one, 0.95)[1], ci_high = limits_of(one, 0.95)[2],
    ci90_low = limits_of(one, 0.90)[1], ci90_high = limits_of(one, 0.90)[2],
    n_trials = one$n_trials, n_patients = one$n_patients,
    design_effect = if (inside) one$se^2 / (one$rate * (1 - one$rate) / one$n_trials) else NA,
    icc = correlation_of(one),
    patient_weighted_rate = mean(one$table$events / one$table$trials)
  ))
  if (one$se > 0) {
    logit_se <- one$se / (one$rate * (1 - one$rate))
    distance <- abs(qlogis(one$rate) - qlogis(0.3)) / logit_se
    keep(case, list(p_against_0.3 = 2 * pt(-distance, one$df)))
  }
}

# Two sets of patients: square and add (Zou & Donner 2008), ratio on the log scale; t with all
# patients less two.
for (pair in list(c("sixty", "eight"), c("eight", "all_alike"), c("one_trial_each", "sixty"))) {
  one <- rates[[pair[1]]]
  other <- rates[[pair[2]]]
  limits <- limits_of(one, 0.95)
  other_limits <- limits_of(other, 0.95)
  difference <- one$rate - other$rate
  se <- sqrt(one$se^2 + other$se^2)
  df <- one$n_patients + other$n_patients - 2
  log_se <- sqrt((one$se / one$rate)^2 + (other$se / other$rate)^2)
  log_limits <- log(one$rate / other$rate) + c(-1, 1) * qt(0.975, df) * log_se
  keep(paste(pair, collapse = " and "), list(
    difference = difference,
    difference_low = difference -
      sqrt((one$rate - limits[1])^2 + (other_limits[2] - other$rate)^2),
    difference_high = difference +
      sqrt((limits[2] - one$rate)^2 + (other$rate - other_limits[1])^2),
    difference_p = 2 * pt(-abs(difference) / se, df),
    ratio = one$rate / other$rate,
    ratio_low = exp(log_limits[1]), ratio_high = exp(log_limits[2])
  ))
}
write_kept("clusters")
