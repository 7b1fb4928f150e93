# Several trials a patient: the survey package's one-stage cluster design, ANOVA correlation (aov).

source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))), "common.R"))

suppressPackageStartupMessages(library(survey))

for (table in cases_of(read_input("clusters"))) {
  case <- table$case[1]
  n_patients <- nrow(table)
  n_trials <- sum(table$trials)
  rate <- sum(table$events) / n_trials
  keep(case, list(
    rate = rate, n_trials = n_trials, n_patients = n_patients,
    patient_weighted_rate = mean(table$events / table$trials)
  ))

  if (rate > 0 && rate < 1) {
    # Every trial counts once; the variance is between patients, times G / (G - 1).
    design <- svydesign(ids = ~patient, weights = ~1, data = table)
    ratio <- svyratio(~events, ~trials, design)
    se <- SE(ratio)[[1]]
    limits <- function(level) {
      plogis(qlogis(rate) + c(-1, 1) * qt((1 + level) / 2, degf(design)) * se / (rate * (1 - rate)))
    }
    rows <- data.frame(
      patient = rep(table$patient, table$trials),
      y = unlist(Map(function(m, e) rep(c(1, 0), c(e, m - e)), table$trials, table$events))
    )
    by_row <- svydesign(ids = ~patient, weights = ~1, data = rows)
    # Another way to the same limits: the package's own logit interval.
    # (For two patients it has no degrees of freedom left.)
    given <- as.vector(attr(svyciprop(~y, by_row, method = "logit", level = 0.95), "ci"))
    stopifnot(n_patients == 2 || isTRUE(all.equal(given, limits(0.95), tolerance = 1e-6)))
    stopifnot(all.equal(SE(svymean(~y, by_row))[[1]], se))
    effect <- se^2 / (rate * (1 - rate) / n_trials)

    anova <- NULL
    if (n_trials > n_patients) {
      anova <- summary(aov(y ~ factor(patient), rows))[[1]][["Mean Sq"]]
    }
    n0 <- (n_trials - sum(table$trials^2) / n_trials) / (n_patients - 1)
    icc <- if (is.null(anova)) NA else (anova[1] - anova[2]) / (anova[1] + (n0 - 1) * anova[2])
  } else {
    se <- NA
    exact <- function(level) {
      as.vector(binom.test(round(rate) * n_patients, n_patients, conf.level = level)$conf.int)
    }
    limits <- exact
    effect <- NA
    icc <- NA
  }
  keep(case, list(
    se = se, ci_low = limits(0.95)[1], ci_high = limits(0.95)[2],
    ci90_low = limits(0.90)[1], ci90_high = limits(0.90)[2],
    design_effect = effect, icc = icc
  ))
}
write_kept("clusters")
