# Rubin's rules with the degrees of freedom of Barnard and Rubin (mice::pool.scalar).

source("common.R")

suppressPackageStartupMessages(library(mice))

for (table in cases_of(read_input("pooling"))) {
  # It wants the number of rows and of parameters; their difference is the complete-data df.
  pooled <- pool.scalar(table$estimate, table$variance, n = table$n_complete_df[1] + 1, k = 1)
  half <- qt(0.975, pooled$df) * sqrt(pooled$t)
  keep(table$case[1], list(
    estimate = pooled$qbar, variance = pooled$t, df = pooled$df,
    low = pooled$qbar - half, high = pooled$qbar + half,
    within = pooled$ubar, between = pooled$b, relative_increase = pooled$r,
    fraction_missing = pooled$fmi,
    # Without the correction for a finite number of imputations.
    lambda = (1 + 1 / pooled$m) * pooled$b / pooled$t
  ))
}
write_kept("pooling")
