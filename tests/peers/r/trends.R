# Ordered bands: prop.trend.test, what is left of the overall chi-squared, slopes of weighted lm.

source("common.R")

for (bands in cases_of(read_input("bands"))) {
  case <- bands$case[1]
  # Two bands are on a line; its anova warns of that.
  trend <- suppressWarnings(prop.trend.test(bands$events, bands$n, bands$score))
  overall <- suppressWarnings(prop.test(bands$events, bands$n, correct = FALSE))
  departure <- overall$statistic - trend$statistic
  df <- nrow(bands) - 2
  keep(case, list(
    chi2 = trend$statistic[[1]], p_value = trend$p.value[[1]],
    overall_chi2 = overall$statistic[[1]],
    departure_chi2 = if (df > 0) departure[[1]] else NA, departure_df = df,
    departure_p = if (df > 0) pchisq(departure[[1]], df, lower.tail = FALSE) else NA
  ))

  # The slope of 0/1 rows on the score, with four variances.
  rows <- data.frame(
    y = rep(rep(1:0, nrow(bands)), as.vector(rbind(bands$events, bands$n - bands$events))),
    score = rep(bands$score, bands$n)
  )
  fit <- lm(y ~ score, rows)
  weighted <- lm(events / n ~ score, bands, weights = n)
  stopifnot(all.equal(coef(fit), coef(weighted)))
  slope <- coef(weighted)[["score"]]
  spread <- sum(bands$n * (bands$score - mean(rows$score))^2)
  pooled <- mean(rows$y)
  band_rate <- bands$events / bands$n
  keep(case, list(
    slope = slope,
    # As the test has it: one rate for all bands.
    slope_se_pooled = sqrt(pooled * (1 - pooled) / spread),
    # Each band its own rate.
    slope_se_bands = sqrt(
      sum((bands$score - mean(rows$score))^2 * bands$n * band_rate * (1 - band_rate))
    ) / spread,
    slope_se_hc0 = sqrt(sandwich::vcovHC(fit, "HC0")["score", "score"]),
    slope_se_ols = summary(fit)$coefficients["score", "Std. Error"]
  ))
}
write_kept("trends")
